"""From float coefficients to integers, and what follows from integers exactly."""
