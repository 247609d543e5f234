/// What a run that can be stopped, resumed and repeated rests on: random numbers keyed by seed, phase and step,
/// files that are written whole or line by line and never half, interruption by the user, and progress with an estimate.
/// Imports Foundation only; every other module may import it.
