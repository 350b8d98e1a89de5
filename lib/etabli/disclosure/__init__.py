"""What may leave the house: policy, protection, gate."""
