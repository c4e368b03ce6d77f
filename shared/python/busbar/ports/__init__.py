"""What use cases need from outside, as Protocols. Fakes, simulators and the real thing all fit."""
