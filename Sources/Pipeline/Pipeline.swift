/// From one recipe file to a unified adapter and its report: the typed recipe, the phases
/// (collect → label → train → merge → validate → tournament → report), the run folder they read from and write to,
/// and the manifest of content hashes that decides what a resumed run repeats.
/// May import every module below it; only the command line stands above.
