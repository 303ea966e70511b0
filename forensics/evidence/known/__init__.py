"""Lists of known files, and whether a picture is in one."""
