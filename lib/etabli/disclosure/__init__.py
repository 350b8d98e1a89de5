"""What may leave the house: the policy of a run, the protection of its results, the gate of its outputs."""
