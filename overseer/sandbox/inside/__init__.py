"""What runs on the far side: in the template process, and in the process of each node that it forks.

Started as a file, without the package around it: these modules import the standard library and each other,
and are in memory before anything is locked. See `zygote`.
"""
