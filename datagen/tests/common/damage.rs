//! Damage to a file, as broken disks, half copies and careless hands make it: always the same for a seed.
//!
//! (Other crates' tests link to this file: packages hold the text.)
#![allow(dead_code, reason = "not every test binary damages bytes and text")]

use std::panic::{AssertUnwindSafe, catch_unwind};

/// How many damaged files are tried.
pub(crate) const TRIES: u64 = 10_000;

/// Numbers that break sums, products and allocations.
const NUMBERS: [&str; 16] = [
    "0",
    "-1",
    "1",
    "1e999",
    "-1e999",
    "1e308",
    "5e-324",
    "1e-300",
    "NaN",
    "null",
    "18446744073709551615",
    "18446744073709551616",
    "9223372036854775807",
    "4294967296",
    "65537",
    "0.1",
];

/// Lengths that lead out of a file.
const LENGTHS: [u64; 8] = [0, 1, 1 << 16, 1 << 32, 1 << 40, i64::MAX as u64, u64::MAX - 7, u64::MAX];

/// Runs `check` on [`TRIES`] damaged versions of each sample; says which one it was that a check failed on.
pub(crate) fn every(samples: &[Vec<u8>], mut check: impl FnMut(&[u8])) {
    for seed in 0..TRIES {
        let sample = &samples[seed as usize % samples.len()];
        let other = &samples[(seed as usize / 7) % samples.len()];
        let bytes = Damage(seed).done_to(sample, other);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| check(&bytes))) {
            let text: String = String::from_utf8_lossy(&bytes).chars().take(2000).collect();
            eprintln!("seed {seed}, {} bytes: {text}", bytes.len());
            std::panic::resume_unwind(panic);
        }
    }
}

/// A stream of numbers (SplitMix64).
pub(crate) struct Damage(pub(crate) u64);

impl Damage {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One of `0..n`; 0 if there is none.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        if n == 0 { 0 } else { (self.next() % n as u64) as usize }
    }

    /// A stretch of the bytes, short more often than long.
    fn stretch(&mut self, bytes: &[u8]) -> std::ops::Range<usize> {
        let start = self.below(bytes.len());
        let most = 1 << self.below(12);
        start..bytes.len().min(start + 1 + self.below(most))
    }

    /// One to three kinds of damage to a copy of `sample`; `other` is a file that parts may come from.
    pub(crate) fn done_to(mut self, sample: &[u8], other: &[u8]) -> Vec<u8> {
        // Neighbouring seeds are to have nothing in common.
        self.0 = self.0.wrapping_mul(0xd129_42f1_87d5_1a4b);
        let mut bytes = sample.to_vec();
        for _ in 0..1 + self.below(3) {
            self.once(&mut bytes, other);
        }
        bytes
    }

    fn once(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        let here = self.stretch(bytes);
        match self.below(11) {
            0 => {
                for _ in 0..1 + self.below(8) {
                    let at = self.below(bytes.len());
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte ^= 1 << self.below(8);
                    }
                }
            }
            1 => bytes.truncate(here.start),
            2 => drop(bytes.drain(here)),
            3 => {
                let copy = bytes[here.clone()].to_vec();
                bytes.splice(here.start..here.start, copy);
            }
            4 => {
                let there = self.below(bytes.len());
                if here.start < bytes.len() {
                    bytes.swap(here.start, there);
                }
            }
            // A length field: where one is, or anywhere.
            5 => {
                let at = if self.below(2) == 0 { 0 } else { here.start };
                let length = LENGTHS[self.below(LENGTHS.len())].wrapping_add(self.below(3) as u64);
                for (byte, new) in bytes.iter_mut().skip(at).zip(length.to_le_bytes()) {
                    *byte = new;
                }
            }
            6 => {
                let noise: Vec<u8> = (0..1 + self.below(16)).map(|_| self.next() as u8).collect();
                bytes.splice(here.start..here.start, noise);
            }
            // A number in the text becomes another one.
            7 | 8 => {
                let number = NUMBERS[self.below(NUMBERS.len())];
                let digit = |b: &u8| b.is_ascii_digit();
                if let Some(first) = bytes[here.start..].iter().position(digit).map(|i| here.start + i) {
                    let part = |b: &u8| !(b.is_ascii_digit() || b".eE+-".contains(b));
                    let end = bytes[first..].iter().position(part).map_or(bytes.len(), |n| first + n);
                    bytes.splice(first..end, number.bytes());
                }
            }
            // A mark of the text goes or becomes another one.
            9 => {
                let marks = b"{}[]\",:=\n\\.";
                let mark = |b: &u8| marks.contains(b);
                if let Some(at) = bytes[here.start..].iter().position(mark).map(|i| here.start + i) {
                    bytes[at] = marks[self.below(marks.len())];
                }
            }
            // The front of one file, the back of another.
            _ => {
                let from = self.below(other.len());
                bytes.truncate(here.start);
                bytes.extend_from_slice(&other[from..]);
            }
        }
    }
}

/// Writes a file anew. (Cutting the old one to nothing instead makes ext4 flush each of thousands to the disk.)
pub(crate) fn replace(path: &std::path::Path, bytes: &[u8]) {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => panic!("{}: {e}", path.display()),
        _ => std::fs::write(path, bytes).expect("there is room for a small file"),
    }
}

/// The text of damaged bytes; what is no Unicode becomes a replacement character.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
