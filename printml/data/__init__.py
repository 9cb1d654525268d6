"""Tables of readings: loading, checks, splits, and the circuit's view of a reading."""
