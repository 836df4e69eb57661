"""An independent oracle: made-up councils whose marts are known before the product computes them.

Nothing here imports the product, and the product imports nothing from here.
"""
