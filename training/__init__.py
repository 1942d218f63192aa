"""Training on what the factory made; thin, since TRL does the training.

Importing it loads no torch.
"""
