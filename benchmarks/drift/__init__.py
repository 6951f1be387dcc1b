"""Years of clean and of changed batches, simulated with the engine of `drift.Monitor`."""
