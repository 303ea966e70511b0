"""From labelled pictures to a calibration card, and to a validation report that a laboratory can file."""
