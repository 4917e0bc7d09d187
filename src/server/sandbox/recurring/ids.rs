//! Ids that look random and still say which thing they are of, so that a hundred thousand need no table.

const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Numbers below 2^40 fit into seven letters.
const BITS: u32 = 40;
const MASK: u64 = (1 << BITS) - 1;
/// Odd, so that multiplying can be undone.
const FACTOR: u64 = 0x9e_3779_b97f | 1;
const LETTERS_PER_ID: usize = 7;
/// Charges of one agreement that ids have room for.
pub const CHARGES: u64 = 1 << 12;

pub fn agreement(salt: u64, index: u32) -> String {
    format!("agr_{}", written(scrambled(salt, u64::from(index))))
}

pub fn index_of(salt: u64, id: &str) -> Option<u32> {
    u32::try_from(unscrambled(salt, read(id.strip_prefix("agr_")?)?)).ok()
}

/// `number` counts an agreement's charges.
pub fn charge(salt: u64, index: u32, number: u64) -> String {
    format!("chr-{}", written(scrambled(salt, u64::from(index) * CHARGES + number)))
}

/// The agreement and the number of a charge.
pub fn charge_of(salt: u64, id: &str) -> Option<(u32, u64)> {
    let number = unscrambled(salt, read(id.strip_prefix("chr-")?)?);
    Some((u32::try_from(number / CHARGES).ok()?, number % CHARGES))
}

fn scrambled(salt: u64, number: u64) -> u64 {
    (number.wrapping_mul(FACTOR) ^ salt) & MASK
}

fn unscrambled(salt: u64, number: u64) -> u64 {
    // Newton's way to the inverse: each step doubles the right bits.
    let mut inverse = FACTOR;
    for _ in 0..6 {
        inverse = inverse.wrapping_mul(2u64.wrapping_sub(FACTOR.wrapping_mul(inverse)));
    }
    ((number ^ salt) & MASK).wrapping_mul(inverse) & MASK
}

fn written(mut number: u64) -> String {
    let mut letters = [b'0'; LETTERS_PER_ID];
    for letter in letters.iter_mut().rev() {
        *letter = LETTERS[usize::try_from(number % 62).unwrap_or_default()];
        number /= 62;
    }
    letters.iter().map(|&letter| char::from(letter)).collect()
}

fn read(text: &str) -> Option<u64> {
    if text.len() != LETTERS_PER_ID {
        return None;
    }
    let number = text.bytes().try_fold(0u64, |number, letter| {
        let digit = LETTERS.iter().position(|&known| known == letter)?;
        Some(number * 62 + u64::try_from(digit).ok()?)
    });
    number.filter(|&number| number <= MASK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_short_of_one_kind_and_read_back() {
        let mut seen = std::collections::HashSet::new();
        for salt in [0, 0x1234_5678_9abc_def0] {
            for index in (0..2_000).chain([100_000, 1_000_000, 200_000_000]) {
                let id = agreement(salt, index);
                assert_eq!(index_of(salt, &id), Some(index));
                let charges = [0, 1, CHARGES - 1].map(|number| (charge(salt, index, number), number));
                for (id, number) in charges {
                    assert!(id.len() <= 15);
                    assert_eq!(charge_of(salt, &id), Some((index, number)), "{id}");
                    assert!(seen.insert((salt, id)));
                }
                assert!(seen.insert((salt, id)));
            }
        }
        for wrong in ["agr_", "agr_12345678", "agr_123456é", "chr-0000000", "agr_zzzzzzz"] {
            assert_eq!(index_of(0, wrong), None, "{wrong}");
        }
    }
}
