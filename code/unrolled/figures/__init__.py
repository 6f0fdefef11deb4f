"""Figures that respond: each state is drawn and computed here, the page only chooses.

`base` turns a drawing function and its controls into a `Figure`; `svg` has the shapes. The other
modules hold one figure each, in the order of the chapters.
"""
