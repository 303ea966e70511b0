"""Methods of attribution: their catalogue, and their computation on captum."""
