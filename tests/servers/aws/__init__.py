"""An AWS account on this machine: moto, with a scheduler for what moto lacks, and with troubles."""
