//! Forms that carry files.

use axum::extract::Multipart;
use axum::extract::multipart::{Field, MultipartError};

/// Longest text of one field, in bytes; what is longer is cut off.
const LONGEST_TEXT: usize = 64 * 1024;

/// What was sent with a form.
#[derive(Debug, Default)]
pub struct Upload {
    /// Name and text of each field.
    pub fields: Vec<(String, String)>,
    /// Name of the field and contents of each file that was chosen.
    pub files: Vec<(String, Vec<u8>)>,
}

impl Upload {
    /// Reads a form to its end, because a browser that is cut off shows no answer. Of a file with
    /// more than `most` bytes only so much is kept that it can be seen to be too large.
    ///
    /// # Errors
    /// What was sent is no such form, or broke off, or is larger than the router lets through.
    pub async fn read(mut form: Multipart, most: usize) -> Result<Self, MultipartError> {
        let mut upload = Self::default();
        while let Some(mut field) = form.next_field().await? {
            let name = field.name().unwrap_or_default().to_owned();
            if let Some(file) = field.file_name().map(ToOwned::to_owned) {
                let contents = contents(&mut field, most + 1).await?;
                if !file.is_empty() || !contents.is_empty() {
                    upload.files.push((name, contents));
                }
            } else {
                let text = contents(&mut field, LONGEST_TEXT).await?;
                upload.fields.push((name, String::from_utf8_lossy(&text).into_owned()));
            }
        }
        Ok(upload)
    }

    /// The text of a field; empty if there is none.
    pub fn text(&self, name: &str) -> &str {
        self.fields.iter().find(|(field, _)| field == name).map_or("", |(_, text)| text)
    }

    /// The file that was chosen in a field.
    pub fn file(&self, name: &str) -> Option<&[u8]> {
        self.files.iter().find(|(field, _)| field == name).map(|(_, contents)| contents.as_slice())
    }
}

async fn contents(field: &mut Field<'_>, most: usize) -> Result<Vec<u8>, MultipartError> {
    let mut contents = Vec::new();
    while let Some(chunk) = field.chunk().await? {
        let room = most.saturating_sub(contents.len());
        contents.extend_from_slice(&chunk[..chunk.len().min(room)]);
    }
    Ok(contents)
}
