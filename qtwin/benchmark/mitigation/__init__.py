"""What mitigation is worth: the same circuits on a noisy device with each method and without, many times, with intervals."""
