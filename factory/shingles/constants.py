"""The constants of the hashes: odd numbers without structure. Another value is another hash.

MIX_1 and MIX_2 are those of the finaliser of splitmix64 (https://prng.di.unimi.it/splitmix64.c);
the others are the first digits of square roots of primes, made odd (BASE also 3 modulo 8, so that
swapped tokens cancel in few bits).
"""

MIX_1 = 0xBF58476D1CE4E5B9
MIX_2 = 0x94D049BB133111EB
BASE = 0x6A09E667F3BCC90B
FOLD_LOW = 0xBB67AE8584CAA73B
FOLD_HIGH = 0x3C6EF372FE94F82B
TEXT_LOW = 0xA54FF53A5F1D36F1
TEXT_HIGH = 0x510E527FADE682D1
BAND = 0x9B05688C2B3E6C1F
BAND_STEP = 0x1F83D9ABFB41BD6B
