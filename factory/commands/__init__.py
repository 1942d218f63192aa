"""Commands that `factory.cli` takes in, by what they are about; thin, like those over there."""
