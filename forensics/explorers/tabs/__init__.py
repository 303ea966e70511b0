"""The tabs of an explorer: each binds widgets to the state and computes what it shows when it comes into view."""
