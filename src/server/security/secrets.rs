//! Secrets by reference: what stands in the registry says where a secret is, never what it is.
//!
//! `vault://mount/path` is in a HashiCorp Vault, `env://NAME` is an environment variable, `file:///path` a file, and `sealed://name` the
//! portal's own store, encrypted with the key in the secret key file (AES-256-GCM).

use std::collections::HashMap;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use aes_gcm::aead::{Aead, Generate, Key, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use anyhow::{Context, anyhow, bail};
use secrecy::{ExposeSecret, SecretBox, SecretString};
use sha2::{Digest, Sha256};

use super::vault::VaultSettings;
use crate::server::store::Store;

const KEY_LENGTH: usize = 32;
const KEY_ID_LENGTH: usize = 4;
const NONCE_LENGTH: usize = 12;

/// The key that seals secrets.
pub struct SecretKey(SecretBox<[u8; KEY_LENGTH]>);

impl SecretKey {
    /// Reads the key file, or makes it when there is none: 32 random bytes for the owner alone.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        if !path.exists() {
            let mut options = std::fs::OpenOptions::new();
            let mut file = options
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(path)
                .with_context(|| format!("the secret key file {} cannot be made", path.display()))?;
            let key: Key<Aes256Gcm> = Key::<Aes256Gcm>::generate();
            std::io::Write::write_all(&mut file, &key)?;
            file.sync_all()?;
            tracing::info!(path = %path.display(), "a new secret key was made; keep a copy of it in a safe place");
        }
        let mode = std::fs::metadata(path)?.permissions().mode();
        if mode & 0o077 != 0 {
            bail!("the secret key file {0} can be read by others; run: chmod 600 {0}", path.display());
        }
        let bytes =
            std::fs::read(path).with_context(|| format!("the secret key file {} cannot be read", path.display()))?;
        let key: [u8; KEY_LENGTH] = bytes
            .try_into()
            .map_err(|_| anyhow!("the secret key file {} does not hold {KEY_LENGTH} bytes", path.display()))?;
        Ok(Self(SecretBox::new(Box::new(key))))
    }

    /// The key's id, its nonce and the encrypted secret. The name is part of what is checked, so
    /// a sealed secret opens under its own name only.
    fn seal(&self, name: &str, secret: &str) -> anyhow::Result<Vec<u8>> {
        let nonce = Nonce::generate();
        let sealed = self
            .cipher()
            .encrypt(&nonce, Payload { msg: secret.as_bytes(), aad: name.as_bytes() })
            .map_err(|_| anyhow!("sealing a secret failed"))?;
        Ok([self.id().as_slice(), &nonce, &sealed].concat())
    }

    fn open_sealed(&self, name: &str, blob: &[u8]) -> anyhow::Result<SecretString> {
        let (id, rest) = blob.split_at_checked(KEY_ID_LENGTH).context("a sealed secret is too short")?;
        if id != self.id() {
            bail!("the secret {name} was sealed with another secret key");
        }
        let (nonce, sealed) = rest.split_at_checked(NONCE_LENGTH).context("a sealed secret is too short")?;
        let nonce = Nonce::try_from(nonce).map_err(|_| anyhow!("a sealed secret is too short"))?;
        let secret = self
            .cipher()
            .decrypt(&nonce, Payload { msg: sealed, aad: name.as_bytes() })
            .map_err(|_| anyhow!("the secret {name} cannot be opened"))?;
        Ok(SecretString::from(String::from_utf8(secret).map_err(|_| anyhow!("the secret {name} is not text"))?))
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(&Key::<Aes256Gcm>::from(*self.0.expose_secret()))
    }

    fn id(&self) -> [u8; KEY_ID_LENGTH] {
        let hash = Sha256::digest([b"key id".as_slice(), self.0.expose_secret()].concat());
        [hash[0], hash[1], hash[2], hash[3]]
    }
}

/// Whether a text can be a reference to a secret. Whether there is one is found out when it is used.
///
/// # Errors
/// What is wrong with it, as a sentence without its end.
pub fn check_reference(reference: &str) -> Result<(), &'static str> {
    match reference.split_once("://") {
        Some(("env" | "sealed", name)) if !name.is_empty() => Ok(()),
        Some(("file", path)) if path.starts_with('/') => Ok(()),
        Some(("file", _)) => {
            Err("A file:// has the whole path of the file behind it, such as file:///run/secrets/vipps")
        }
        Some(("vault", path)) if path.split('/').filter(|part| !part.is_empty()).count() >= 2 => Ok(()),
        Some(("vault", _)) => Err("A vault:// has the mount and the path of the secret behind it"),
        _ => Err("This begins with vault://, env://, file:// or sealed://"),
    }
}

/// Resolves references.
pub struct Secrets {
    store: Store,
    key: SecretKey,
    vault: VaultSettings,
    /// What the vault has told lately. Wiped when it is dropped.
    told: Mutex<HashMap<String, (Instant, SecretString)>>,
}

/// So long what the vault has told is kept in memory: it is asked for with every call upstream.
const TOLD_FOR: Duration = Duration::from_secs(60);

impl Secrets {
    pub fn new(store: Store, key: SecretKey, vault: VaultSettings) -> Self {
        Self { store, key, vault, told: Mutex::default() }
    }

    /// Puts a secret into the portal's own store and returns its reference.
    pub async fn seal(&self, name: &str, secret: &SecretString) -> anyhow::Result<String> {
        let sealed = self.key.seal(name, secret.expose_secret())?;
        self.store.save_sealed_secret(name, &sealed).await?;
        Ok(format!("sealed://{name}"))
    }

    /// Encrypts what is kept elsewhere than in the portal's own store; it opens under `name` only.
    pub fn seal_away(&self, name: &str, secret: &str) -> anyhow::Result<Vec<u8>> {
        self.key.seal(name, secret)
    }

    /// What [`Secrets::seal_away`] has encrypted under `name`.
    pub fn open_again(&self, name: &str, sealed: &[u8]) -> anyhow::Result<SecretString> {
        self.key.open_sealed(name, sealed)
    }

    /// The secret that a reference points to. Errors name the reference, never a secret.
    pub async fn resolve(&self, reference: &str) -> anyhow::Result<SecretString> {
        let (kind, rest) = reference
            .split_once("://")
            .context("a reference to a secret begins with vault://, env://, file:// or sealed://")?;
        match kind {
            "env" => {
                let value = std::env::var(rest).map_err(|_| anyhow!("the environment variable {rest} is not set"))?;
                Ok(SecretString::from(value.trim()))
            }
            "file" => {
                let mode =
                    std::fs::metadata(rest).with_context(|| format!("there is no file {rest}"))?.permissions().mode();
                if mode & 0o007 != 0 {
                    bail!("the file {rest} can be read by everybody; run: chmod 600 {rest}");
                }
                let text =
                    tokio::fs::read_to_string(rest).await.with_context(|| format!("the file {rest} cannot be read"))?;
                Ok(SecretString::from(text.trim()))
            }
            "sealed" => {
                let sealed = self
                    .store
                    .sealed_secret(rest)
                    .await?
                    .with_context(|| format!("there is no sealed secret {rest}"))?;
                self.key.open_sealed(rest, &sealed)
            }
            "vault" => self.tell(rest).await,
            _ => bail!("a reference to a secret begins with vault://, env://, file:// or sealed://, not {kind}://"),
        }
    }
}

impl Secrets {
    /// Upstream has refused this secret: what the vault has told of it is forgotten.
    pub fn doubt(&self, reference: &str) {
        if let Some(place) = reference.strip_prefix("vault://") {
            self.told().remove(place);
        }
    }

    /// What the vault has at a place, as it said within the last minute.
    async fn tell(&self, place: &str) -> anyhow::Result<SecretString> {
        if let Some((_, secret)) = self.told().get(place) {
            return Ok(secret.clone());
        }
        let secret = self.vault.read(place).await?;
        self.told().insert(place.to_owned(), (Instant::now(), secret.clone()));
        Ok(secret)
    }

    fn told(&self) -> MutexGuard<'_, HashMap<String, (Instant, SecretString)>> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.retain(|_, (at, _)| at.elapsed() < TOLD_FOR);
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_secret_opens_with_its_key_and_name_only() {
        let folder = tempfile::tempdir().unwrap();
        let key = SecretKey::open(&folder.path().join("key")).unwrap();
        let other = SecretKey::open(&folder.path().join("other")).unwrap();
        let sealed = key.seal("org_a/client_secret", "hemmelig æøå").unwrap();
        assert_eq!(key.open_sealed("org_a/client_secret", &sealed).unwrap().expose_secret(), "hemmelig æøå");
        assert!(!sealed.windows(5).any(|window| window == b"hemme"));
        assert!(key.open_sealed("org_b/client_secret", &sealed).is_err());
        assert!(
            other.open_sealed("org_a/client_secret", &sealed).unwrap_err().to_string().contains("another secret key")
        );
        for cut in 0..sealed.len() {
            assert!(key.open_sealed("org_a/client_secret", &sealed[..cut]).is_err());
        }
        let again = SecretKey::open(&folder.path().join("key")).unwrap();
        assert!(again.open_sealed("org_a/client_secret", &sealed).is_ok());
    }

    #[test]
    fn a_key_file_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        SecretKey::open(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(SecretKey::open(&path).err().unwrap().to_string().contains("chmod 600"));
    }
}
