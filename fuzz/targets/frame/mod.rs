//! Compressed bytes by any hand.

use arbitrary::{Arbitrary, Unstructured};
use user_import::chunk::PAYLOAD_BYTES_MAX;

/// A frame of zstd (RFC 8878) by hand, which may say another size than it has: a block of four
/// bytes inflates to 128 KiB.
#[derive(Debug)]
pub struct Frame<'a> {
    claimed: Option<u64>,
    blocks: Vec<Block<'a>>,
}

#[derive(Debug, Arbitrary)]
enum Block<'a> {
    Repeated { byte: u8, times: u32 },
    Raw(&'a [u8]),
}

impl<'a> Arbitrary<'a> for Frame<'a> {
    fn arbitrary(input: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let blocks: Vec<Block<'a>> = input.arbitrary()?;
        let size: u64 = blocks.iter().map(Block::size).sum();
        let claimed = match input.int_in_range(0..=7)? {
            0 => None,
            1 => Some(input.arbitrary()?),
            2 => Some(size.wrapping_sub(1)),
            3 => Some(size + 1),
            4 => Some((PAYLOAD_BYTES_MAX + usize::from(input.arbitrary::<bool>()?)) as u64),
            _ => Some(size),
        };
        Ok(Self { claimed, blocks })
    }
}

impl Block<'_> {
    fn size(&self) -> u64 {
        match self {
            Self::Repeated { times, .. } => u64::from(times % (1 << 17)),
            Self::Raw(bytes) => bytes.len() as u64,
        }
    }
}

impl Frame<'_> {
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = vec![0x28, 0xb5, 0x2f, 0xfd];
        match self.claimed {
            // Eight bytes of content size and a window of 128 KiB; or no size.
            Some(size) => {
                out.extend([0xc0, 0x38]);
                out.extend(size.to_le_bytes());
            }
            None => out.extend([0x00, 0x38]),
        }
        for (place, block) in self.blocks.iter().enumerate() {
            let is_last = u32::from(place + 1 == self.blocks.len());
            let (kind, size) = match block {
                Block::Raw(_) => (0, block.size() as u32),
                Block::Repeated { .. } => (1, block.size() as u32),
            };
            out.extend(&(size << 3 | kind << 1 | is_last).to_le_bytes()[..3]);
            match block {
                Block::Raw(bytes) => out.extend_from_slice(bytes),
                Block::Repeated { byte, .. } => out.push(*byte),
            }
        }
        out
    }
}
