"""Where the time of a run went: when each step waited, worked, was held up or was to be tried again.

A fold of the run's events over its plan, and nothing else. Time is counted in seconds from the
beginning of the run. The time between the end of one process and the resumption by another is left
out of it, since nobody was at it then; where that was is kept.
"""

from overseer.timing.stopwatch import Stopwatch, timing_of
from overseer.timing.values import Break, Interval, Phase, PutAway, RunTiming, StepTiming

__all__ = ["Break", "Interval", "Phase", "PutAway", "RunTiming", "StepTiming", "Stopwatch", "timing_of"]
