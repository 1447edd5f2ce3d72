"""What the tabular VAE and GAN share: an encoder and a decoder of rows, and the sampler of the decoder."""
