//! The secret key file: one or more keys of 32 bytes, one after the other. The first seals, all open.
//!
//! The file can get another first key beside a running portal. Whoever seals looks at the file, and whoever meets
//! something that no key at hand opens looks again.

use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use aes_gcm::aead::{Aead, Generate, Key, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use anyhow::{Context, anyhow, bail};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretBox, SecretString};
use sha2::{Digest, Sha256};

const KEY_LENGTH: usize = 32;
const NONCE_LENGTH: usize = 12;
/// More keys than this are a file of another kind.
const MOST_KEYS: usize = 32;

/// Names a key without telling it: the beginning of everything that is sealed with it.
pub type KeyId = [u8; KEY_ID_LENGTH];
pub const KEY_ID_LENGTH: usize = 4;

struct SecretKey(SecretBox<[u8; KEY_LENGTH]>);

impl SecretKey {
    fn new() -> Self {
        let key: Key<Aes256Gcm> = Key::<Aes256Gcm>::generate();
        Self(SecretBox::new(Box::new(key.into())))
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
        let (nonce, sealed) =
            blob[KEY_ID_LENGTH..].split_at_checked(NONCE_LENGTH).context("a sealed secret is too short")?;
        let nonce = Nonce::try_from(nonce).map_err(|_| anyhow!("a sealed secret is too short"))?;
        let secret = self.cipher().decrypt(&nonce, Payload { msg: sealed, aad: name.as_bytes() });
        let secret = Zeroizing::new(secret.map_err(|_| anyhow!("the secret {name} cannot be opened"))?);
        let text = std::str::from_utf8(&secret).map_err(|_| anyhow!("the secret {name} is not text"))?;
        Ok(SecretString::from(text))
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(&Key::<Aes256Gcm>::from(*self.0.expose_secret()))
    }

    fn id(&self) -> KeyId {
        let hash = Sha256::new().chain_update(b"key id").chain_update(self.0.expose_secret()).finalize();
        [hash[0], hash[1], hash[2], hash[3]]
    }
}

/// The keys of the secret key file.
pub struct KeyRing {
    path: PathBuf,
    /// As the file was when it was read the last time; at least one.
    keys: RwLock<Vec<SecretKey>>,
}

impl KeyRing {
    /// Reads the key file, or makes it with one key when there is none, for the owner alone.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        if !path.exists() {
            write_new(path, &[SecretKey::new()])
                .with_context(|| format!("the secret key file {} cannot be made", path.display()))?;
            tracing::info!(path = %path.display(), "a new secret key was made; keep a copy of it in a safe place");
        }
        Ok(Self { keys: RwLock::new(read(path)?), path: path.to_owned() })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All keys, the one that seals first.
    pub fn ids(&self) -> Vec<KeyId> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).iter().map(SecretKey::id).collect()
    }

    /// Encrypts with the first key that is in the file now.
    pub fn seal(&self, name: &str, secret: &str) -> anyhow::Result<Vec<u8>> {
        let keys = read(&self.path)?;
        let sealed = keys.first().context("the secret key file is empty")?.seal(name, secret);
        self.hold(keys);
        sealed
    }

    /// What was sealed under `name` with any of the keys.
    pub fn open_sealed(&self, name: &str, blob: &[u8]) -> anyhow::Result<SecretString> {
        let id = id_of(blob).context("a sealed secret is too short")?;
        if let Some(opened) = self.open_with(&id, name, blob) {
            return opened;
        }
        self.hold(read(&self.path)?);
        let opened = self.open_with(&id, name, blob);
        opened.with_context(|| format!("the secret {name} was sealed with another secret key"))?
    }

    fn open_with(&self, id: &KeyId, name: &str, blob: &[u8]) -> Option<anyhow::Result<SecretString>> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.iter().find(|key| key.id() == *id).map(|key| key.open_sealed(name, blob))
    }

    /// Puts a new key before those of the file. From now on it seals, here and in all other processes.
    pub fn put_new_first(&self) -> anyhow::Result<()> {
        let mut keys = read(&self.path)?;
        if keys.len() >= MOST_KEYS {
            bail!("the secret key file {} holds {MOST_KEYS} keys already", self.path.display());
        }
        keys.insert(0, SecretKey::new());
        self.replace(keys)
    }

    /// Drops all keys from the file but the first and those that are to be kept. Returns how many it has dropped.
    pub fn keep(&self, kept: impl Fn(&KeyId) -> bool) -> anyhow::Result<usize> {
        let keys = read(&self.path)?;
        let before = keys.len();
        let keys: Vec<SecretKey> =
            keys.into_iter().enumerate().filter(|(at, key)| *at == 0 || kept(&key.id())).map(|(_, key)| key).collect();
        let dropped = before - keys.len();
        if dropped > 0 {
            self.replace(keys)?;
        }
        Ok(dropped)
    }

    /// There is the old file or the new one at any moment, and either is whole.
    fn replace(&self, keys: Vec<SecretKey>) -> anyhow::Result<()> {
        let replacing = || -> anyhow::Result<()> {
            // A link stays one.
            let path = std::fs::canonicalize(&self.path)?;
            let beside = path.with_added_extension("new");
            // Of a run that was interrupted.
            if beside.exists() {
                std::fs::remove_file(&beside)?;
            }
            write_new(&beside, &keys)?;
            std::fs::rename(&beside, &path)?;
            if let Some(folder) = path.parent() {
                std::fs::File::open(folder)?.sync_all()?;
            }
            Ok(())
        };
        replacing().with_context(|| format!("the secret key file {} cannot be replaced", self.path.display()))?;
        self.hold(keys);
        Ok(())
    }

    fn hold(&self, keys: Vec<SecretKey>) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }
}

/// Which key something was sealed with; none if it is too short to have been sealed.
pub fn id_of(blob: &[u8]) -> Option<KeyId> {
    blob.first_chunk().copied()
}

fn write_new(path: &Path, keys: &[SecretKey]) -> anyhow::Result<()> {
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    for key in keys {
        file.write_all(key.0.expose_secret())?;
    }
    file.sync_all()?;
    Ok(())
}

fn read(path: &Path) -> anyhow::Result<Vec<SecretKey>> {
    let unreadable = || format!("the secret key file {} cannot be read", path.display());
    let mut file = std::fs::File::open(path).with_context(unreadable)?;
    let mode = file.metadata().with_context(unreadable)?.permissions().mode();
    if mode & 0o077 != 0 {
        bail!("the secret key file {0} can be read by others; run: chmod 600 {0}", path.display());
    }
    // Never grows, so that no part of it is left behind in memory.
    let mut bytes = Zeroizing::new(vec![0; KEY_LENGTH * MOST_KEYS + 1]);
    let mut length = 0;
    loop {
        match file.read(&mut bytes[length..]).with_context(unreadable)? {
            0 => break,
            more => length += more,
        }
    }
    let (keys, rest) = bytes[..length].as_chunks::<KEY_LENGTH>();
    if keys.is_empty() || !rest.is_empty() || length == bytes.len() {
        bail!(
            "the secret key file {} does not hold {KEY_LENGTH} bytes, or a few times that many: one key after the other",
            path.display()
        );
    }
    Ok(keys.iter().map(|key| SecretKey(SecretBox::new(Box::new(*key)))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(folder: &tempfile::TempDir, name: &str) -> KeyRing {
        KeyRing::open(&folder.path().join(name)).unwrap()
    }

    #[test]
    fn a_sealed_secret_opens_with_its_key_and_name_only() {
        let folder = tempfile::tempdir().unwrap();
        let (key, other) = (ring(&folder, "key"), ring(&folder, "other"));
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
        assert!(ring(&folder, "key").open_sealed("org_a/client_secret", &sealed).is_ok());
    }

    #[test]
    fn a_key_file_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let key = ring(&folder, "key");
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(key.path()), 0o600);
        key.put_new_first().unwrap();
        assert_eq!(mode(key.path()), 0o600);
        let sealed = key.seal("name", "secret").unwrap();
        std::fs::set_permissions(key.path(), std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(KeyRing::open(key.path()).err().unwrap().to_string().contains("chmod 600"));
        assert!(key.seal("name", "secret").unwrap_err().to_string().contains("chmod 600"));
        assert!(key.open_sealed("name", &sealed).is_ok(), "what is in memory opens on");
    }

    #[test]
    fn a_file_of_another_length_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for length in [0, 31, 33, 65, KEY_LENGTH * MOST_KEYS + 1, KEY_LENGTH * (MOST_KEYS + 1), 1 << 20] {
            let path = folder.path().join(length.to_string());
            std::fs::write(&path, vec![1; length]).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            assert!(KeyRing::open(&path).err().unwrap().to_string().contains("does not hold 32 bytes"), "{length}");
        }
    }

    #[test]
    fn the_first_key_of_the_file_seals_in_every_process_and_all_open() {
        let folder = tempfile::tempdir().unwrap();
        let (running, command) = (ring(&folder, "key"), ring(&folder, "key"));
        let old = running.seal("name", "one").unwrap();
        command.put_new_first().unwrap();
        let new = running.seal("name", "two").unwrap();
        assert_ne!(id_of(&old), id_of(&new));
        assert_eq!(id_of(&new), command.ids().first().copied());
        // One that has not sealed since reads the file again for what it cannot open.
        let opened = |ring: &KeyRing, blob: &[u8]| ring.open_sealed("name", blob).unwrap().expose_secret().to_owned();
        let waiting = ring(&folder, "key");
        command.put_new_first().unwrap();
        let newest = command.seal("name", "three").unwrap();
        for ring in [&running, &command, &waiting] {
            assert_eq!([&old, &new, &newest].map(|blob| opened(ring, blob)), ["one", "two", "three"]);
        }
        assert_eq!(std::fs::metadata(command.path()).unwrap().len(), 96);
        // The first stays, whoever wants it or not.
        let middle = id_of(&new).unwrap();
        assert_eq!(command.keep(|id| *id == middle).unwrap(), 1);
        assert_eq!(command.ids(), [id_of(&newest).unwrap(), middle]);
        assert_eq!(command.keep(|_| false).unwrap(), 1);
        assert_eq!(command.keep(|_| false).unwrap(), 0);
        let late = ring(&folder, "key");
        assert!(late.open_sealed("name", &old).is_err() && late.open_sealed("name", &newest).is_ok());
    }

    #[test]
    fn an_interrupted_replacement_leaves_the_file_whole_and_is_cleared_away() {
        let folder = tempfile::tempdir().unwrap();
        let key = ring(&folder, "key");
        let sealed = key.seal("name", "one").unwrap();
        // What a run leaves that ends before its renaming.
        let beside = folder.path().join("key.new");
        std::fs::write(&beside, [7; 20]).unwrap();
        assert!(ring(&folder, "key").open_sealed("name", &sealed).is_ok());
        key.put_new_first().unwrap();
        assert!(!beside.exists());
        assert!(ring(&folder, "key").open_sealed("name", &sealed).is_ok());
        // A link to the file stays one.
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(key.path(), &link).unwrap();
        KeyRing::open(&link).unwrap().put_new_first().unwrap();
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(ring(&folder, "key").ids().len(), 3);
    }
}
