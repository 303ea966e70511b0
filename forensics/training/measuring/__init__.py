"""Measures of a training: its stream audited, its weights on withheld sources and families, the joint judgement fitted."""
