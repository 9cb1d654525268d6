"""What a netlist answers, how often its nets switch, and the power and delay that follow."""
