//! Sets of rows.

pub struct Matches(Vec<u64>);

impl Matches {
    pub fn none_of(rows: usize) -> Self {
        Self(vec![0; rows.div_ceil(64)])
    }

    pub fn insert(&mut self, row: u32) {
        self.0[row as usize / 64] |= 1 << (row % 64);
    }

    pub fn contains(&self, row: u32) -> bool {
        self.0[row as usize / 64] & (1 << (row % 64)) != 0
    }

    pub fn count(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }
}
