// Loaded into every test process of a run with CI=true: properties search with one seed, so that a verdict on a
// change depends on the change alone. Elsewhere each run has a seed of its own, printed where a property fails.
import { configureGlobal, readConfigureGlobal } from 'fast-check';

configureGlobal({ ...readConfigureGlobal(), seed: Number(process.env.PROPERTY_SEED ?? 20_261_122) });
