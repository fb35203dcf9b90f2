"""The one door to tools and models: what a call may cost, when it may start, how often it is tried."""
