//! A sales unit's logo, as somebody uploads it: really decoded, with a limit to what it may
//! unfold to, because upstream drops a bad picture without a word and browsers of others show it.

use std::io::Cursor;

use png::{Decoder, Limits};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::domain::prefill::{LOGO_MOST_BYTES, logo_size_fault};

/// More than the largest logo needs: 1000 by 1000 pixels of eight bytes.
const MOST_MEMORY: usize = 16 << 20;
const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// A picture that upstream will take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    pub png: Vec<u8>,
    /// Pixels.
    pub width: u32,
    pub height: u32,
    /// SHA-256 of the bytes, in hexadecimal.
    pub hash: String,
}

impl Logo {
    /// Others are taken too, but upstream recommends square ones.
    pub fn is_square(&self) -> bool {
        self.width == self.height
    }
}

/// Why a picture is not taken, for the person who chose it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LogoFault {
    #[error("The file is empty.")]
    Empty,
    #[error("The file has more than 1 MB.")]
    TooLarge,
    #[error("This is {0}; the logo must be a PNG.")]
    NotPng(&'static str),
    /// Too small or too large; the sentence says how large it is.
    #[error("{0}")]
    Size(String),
    #[error("The picture is damaged, or a part of it is missing.")]
    Damaged,
}

/// Checks an uploaded picture. What stands behind the picture in the file is cut off.
pub fn check(bytes: &[u8]) -> Result<Logo, LogoFault> {
    if bytes.is_empty() {
        return Err(LogoFault::Empty);
    }
    if bytes.len() > LOGO_MOST_BYTES {
        return Err(LogoFault::TooLarge);
    }
    if !bytes.starts_with(SIGNATURE) {
        return Err(LogoFault::NotPng(kind(bytes)));
    }

    let mut file = Cursor::new(bytes);
    let mut decoder = Decoder::new_with_limits(&mut file, Limits { bytes: MOST_MEMORY });
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let header = decoder.read_header_info().map_err(|_| LogoFault::Damaged)?;
    let (width, height) = (header.width, header.height);
    if let Some(fault) = logo_size_fault(width, height) {
        return Err(LogoFault::Size(fault));
    }

    let mut reader = decoder.read_info().map_err(|_| LogoFault::Damaged)?;
    let size = reader.output_buffer_size().filter(|size| *size <= MOST_MEMORY).ok_or(LogoFault::Damaged)?;
    reader.next_frame(&mut vec![0; size]).map_err(|_| LogoFault::Damaged)?;
    reader.finish().map_err(|_| LogoFault::Damaged)?;

    let end = end_of_picture(bytes).ok_or(LogoFault::Damaged)?;
    let png = bytes.get(..end).ok_or(LogoFault::Damaged)?.to_vec();
    let hash = Sha256::digest(&png).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Logo { png, width, height, hash })
}

/// What a file is instead, as far as its first bytes tell.
fn kind(bytes: &[u8]) -> &'static str {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => "a JPEG",
        [b'G', b'I', b'F', b'8', ..] => "a GIF",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "a WebP",
        [b'%', b'P', b'D', b'F', ..] => "a PDF",
        [b'B', b'M', ..] => "a bitmap",
        [b'<', ..] => "an SVG or a web page",
        _ => "another kind of file",
    }
}

/// The length of the file up to and with its chunk `IEND`.
fn end_of_picture(bytes: &[u8]) -> Option<usize> {
    let mut at = SIGNATURE.len();
    loop {
        let length = u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?);
        let is_last = bytes.get(at + 4..at + 8)? == b"IEND";
        // Length, name and checksum have four bytes each.
        at = at.checked_add(usize::try_from(length).ok()?)?.checked_add(12)?;
        if is_last {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use png::{BitDepth, ColorType, Encoder};

    use super::*;

    fn picture(width: u32, height: u32, color: ColorType, depth: BitDepth) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, width, height);
        encoder.set_color(color);
        encoder.set_depth(depth);
        if color == ColorType::Indexed {
            encoder.set_palette(vec![0; 3 * 256]);
        }
        let line = (width as usize * color.samples() * depth as usize).div_ceil(8);
        let pixels: Vec<u8> = (0..line * height as usize).map(|at| (at % 251) as u8).collect();
        encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
        file
    }

    fn square(side: u32) -> Vec<u8> {
        picture(side, side, ColorType::Rgba, BitDepth::Eight)
    }

    fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let named = [name.as_slice(), body].concat();
        let mut checksum = checksum(&named);
        let mut chunk = u32::try_from(body.len()).unwrap().to_be_bytes().to_vec();
        chunk.extend(named);
        chunk.append(&mut checksum);
        chunk
    }

    /// CRC-32 as PNG counts it.
    fn checksum(bytes: &[u8]) -> Vec<u8> {
        let crc = bytes.iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 })
        });
        (!crc).to_be_bytes().to_vec()
    }

    #[test]
    fn pictures_of_every_kind_of_png_are_taken() {
        for (color, depth) in [
            (ColorType::Rgba, BitDepth::Eight),
            (ColorType::Rgb, BitDepth::Sixteen),
            (ColorType::Grayscale, BitDepth::One),
            (ColorType::GrayscaleAlpha, BitDepth::Eight),
            (ColorType::Indexed, BitDepth::Eight),
        ] {
            let file = picture(300, 200, color, depth);
            let logo = check(&file).unwrap();
            assert_eq!((logo.width, logo.height, logo.is_square()), (300, 200, false), "{color:?}");
            assert_eq!(logo.png, file);
            assert_eq!(logo.hash.len(), 64);
        }
        assert!(check(&square(100)).unwrap().is_square());
        assert!(check(&picture(1000, 1000, ColorType::Grayscale, BitDepth::Eight)).is_ok());
        assert_ne!(check(&square(100)).unwrap().hash, check(&square(101)).unwrap().hash);
    }

    #[test]
    fn what_upstream_would_drop_is_refused_with_a_reason() {
        let cases: [(Vec<u8>, &str); 8] = [
            (Vec::new(), "empty"),
            (vec![0; LOGO_MOST_BYTES + 1], "more than 1 MB"),
            (b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01".to_vec(), "a JPEG"),
            (b"<svg xmlns=''/>".to_vec(), "SVG"),
            (b"hello".to_vec(), "another kind"),
            (square(99), "99 by 99"),
            (picture(1001, 100, ColorType::Grayscale, BitDepth::Eight), "1001 by 100"),
            (SIGNATURE.to_vec(), "damaged"),
        ];
        for (file, part) in cases {
            let fault = check(&file).unwrap_err().to_string();
            assert!(fault.contains(part), "{fault}");
        }
    }

    #[test]
    fn a_truncated_picture_is_damaged_wherever_it_ends() {
        let file = square(120);
        for end in (8..file.len()).step_by(7).chain([file.len() - 1]) {
            assert_eq!(check(&file[..end]), Err(LogoFault::Damaged), "{end} of {}", file.len());
        }
        let mut flipped = file.clone();
        flipped[file.len() / 2] ^= 0xff;
        assert_eq!(check(&flipped), Err(LogoFault::Damaged));
    }

    #[test]
    fn what_stands_behind_the_picture_is_cut_off() {
        let file = square(120);
        let logo = check(&[file.as_slice(), b"<script>alert(1)</script>"].concat()).unwrap();
        assert_eq!(logo.png, file);
        assert_eq!(logo, check(&file).unwrap());
    }

    #[test]
    fn a_header_that_promises_gigabytes_is_refused_before_it_unfolds() {
        let mut header = Vec::new();
        header.extend(0x7fff_ffff_u32.to_be_bytes());
        header.extend(0x7fff_ffff_u32.to_be_bytes());
        header.extend([16, 6, 0, 0, 0]);
        let file = [SIGNATURE.to_vec(), chunk(b"IHDR", &header), chunk(b"IDAT", &[0x78, 0x9c]), chunk(b"IEND", &[])];
        let fault = check(&file.concat()).unwrap_err();
        assert!(matches!(&fault, LogoFault::Size(_) | LogoFault::Damaged), "{fault:?}");
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let file = square(100);
        proptest::proptest!(|(at in 0..file.len(), byte: u8, tail in proptest::collection::vec(proptest::num::u8::ANY, 0..64))| {
            let mut changed = file.clone();
            changed[at] = byte;
            if let Ok(logo) = check(&changed) {
                proptest::prop_assert_eq!((logo.width, logo.height), (100, 100));
            }
            let _ = check(&[SIGNATURE, &tail].concat());
        });
    }
}
