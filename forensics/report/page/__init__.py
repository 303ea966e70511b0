"""The page of a report: HTML from one record and its pictures, and the plots in it."""
