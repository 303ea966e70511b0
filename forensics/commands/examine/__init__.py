"""``forensics examine``: its options, one run over many pictures, and what a run that was cut off left behind."""
