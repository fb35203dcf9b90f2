"""The files that tools may read and write: those beneath one folder, and none that a link leads to."""

from overseer.workspace.folder import BeforeWrite, FolderWorkspace
from overseer.workspace.protected import NEVER_WRITTEN, Protected, our_own
from overseer.workspace.quota import Quota

__all__ = ["NEVER_WRITTEN", "BeforeWrite", "FolderWorkspace", "Protected", "Quota", "our_own"]
