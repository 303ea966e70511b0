"""The networks that branches are made of, and the residual channels that they see."""
