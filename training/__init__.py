"""Training on what the factory made; thin, since TRL does the training. Empty so far."""
