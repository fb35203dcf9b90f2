"""The files that tools may read and write: those beneath one folder, and none that a link leads to."""

from overseer.workspace.folder import FolderWorkspace
from overseer.workspace.keeping import Keeper, Keeping, Old
from overseer.workspace.protected import NEVER_WRITTEN, Protected, our_own
from overseer.workspace.quota import Quota

__all__ = ["NEVER_WRITTEN", "FolderWorkspace", "Keeper", "Keeping", "Old", "Protected", "Quota", "our_own"]
