"""What happened to an exhibit, and who says so: a hash-chained log, signatures, time-stamps and packages."""
