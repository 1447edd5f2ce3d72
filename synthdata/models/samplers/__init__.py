"""The same layers in numpy, with the weights of a trained model: what sampling needs."""
