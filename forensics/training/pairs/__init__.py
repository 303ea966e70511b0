"""The training stream: pairs of an original and its forgery, and what is done to both alike."""
