//! RSA keys of a library whose keys can be factored: Infineon's, in smart cards, TPMs and tokens
//! until 2017 (CVE-2017-15361, "Return of Coppersmith's Attack", Nemec and others, CCS 2017).
//!
//! Its primes are `k * M + 65537^a mod M`, where `M` is the product of the first primes. So their
//! product is a power of 65537 modulo each of these, which a good modulus is for all of them once in
//! 2^167 times.

/// The largest prime that divides `M` for keys of 2048 bits and more; longer keys have more of them.
const LARGEST: u32 = 701;

/// Whether a modulus (big-endian) has that library's mark.
pub(super) fn is_marked(modulus: &[u8]) -> bool {
    (3..=LARGEST).step_by(2).filter(|odd| is_prime(*odd)).all(|prime| {
        let modulo = |number: u32| number % prime;
        let residue = modulus.iter().fold(0, |rest, byte| modulo(rest << 8 | u32::from(*byte)));
        let powers = std::iter::successors(Some(1), |power| Some(modulo(power * modulo(65_537))));
        // The powers come round to 1 again before they are as many as the prime.
        powers.take(prime as usize).any(|power| power == residue)
    })
}

fn is_prime(odd: u32) -> bool {
    let mut divisors = (3..odd).step_by(2).take_while(|divisor| divisor * divisor <= odd);
    !divisors.any(|divisor| odd.is_multiple_of(divisor))
}
