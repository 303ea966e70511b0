"""Makers of forgeries: each turns a camera original into a forgery and says where.

A maker is called with a picture, a generator of random numbers, a donor picture of the same size and whether the
picture shows a face. Parameters are drawn from ranges that stand at the head of each module with their reason.
"""

from forensics.training.makers import blending as _blending
from forensics.training.makers import redrawing as _redrawing
from forensics.training.makers import retouching as _retouching
from forensics.training.makers import splicing as _splicing
from forensics.training.makers import upsampling as _upsampling
from forensics.training.makers.base import MAKERS, Forgery, Maker

__all__ = ["MAKERS", "Forgery", "Maker"]

del _blending, _redrawing, _retouching, _splicing, _upsampling
