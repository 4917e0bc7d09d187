//! Secrets by reference: what stands in the registry says where a secret is, never what it is.
//!
//! `vault://mount/path` is in a HashiCorp Vault, `env://NAME` is an environment variable, `file:///path` a file, and `sealed://name` the
//! portal's own store, encrypted with a key of the secret key file (AES-256-GCM).

use std::collections::HashMap;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use super::key_ring::KeyRing;
use super::vault::VaultSettings;
use crate::domain::organisation::OrgId;
use crate::server::store::Store;

/// More than any secret has; a file that holds more is another one.
const LARGEST_FILE: usize = 16 << 10;

/// What the portal itself is set up with: no secret of an organisation's, and none of its business.
const OWN_SETTINGS: [&str; 4] = ["DATABASE_URL", "PORTAL_", "VAULT_", "PG"];

/// Whether a text can be a reference to a secret. Whether there is one is found out when it is used.
///
/// # Errors
/// What is wrong with it, as a sentence without its end.
pub fn check_reference(reference: &str) -> Result<(), &'static str> {
    match reference.split_once("://") {
        Some(("env", name)) if OWN_SETTINGS.iter().any(|own| name.trim().starts_with(own)) => {
            Err("This is one of the portal's own settings, not a secret of an organisation")
        }
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

/// Whether a reference is to what the portal has sealed for another organisation: each has a folder of its own.
pub fn is_foreign(reference: &str, organisation: &OrgId) -> bool {
    let name = reference.strip_prefix("sealed://");
    let own = |name: &str| {
        let rest = name.strip_prefix(organisation.as_str()).and_then(|rest| rest.strip_prefix('/'));
        rest.is_some_and(|rest| !rest.is_empty())
    };
    name.is_some_and(|name| !own(name))
}

/// Said of such a reference.
pub const FOREIGN: &str = "This belongs to another organisation";

/// Resolves references.
pub struct Secrets {
    store: Store,
    keys: KeyRing,
    vault: VaultSettings,
    /// What the vault has told lately. Wiped when it is dropped.
    told: Mutex<HashMap<String, (Instant, SecretString)>>,
}

/// So long what the vault has told is kept in memory: it is asked for with every call upstream.
const TOLD_FOR: Duration = Duration::from_secs(60);

impl Secrets {
    pub fn new(store: Store, keys: KeyRing, vault: VaultSettings) -> Self {
        Self { store, keys, vault, told: Mutex::default() }
    }

    /// Puts a secret into the portal's own store and returns its reference.
    pub async fn seal(&self, name: &str, secret: &SecretString) -> anyhow::Result<String> {
        let sealed = self.keys.seal(name, secret.expose_secret())?;
        self.store.save_sealed_secret(name, &sealed).await?;
        Ok(format!("sealed://{name}"))
    }

    /// Encrypts what is kept elsewhere than in the portal's own store; it opens under `name` only. Where it is kept
    /// stands in [`SEALED_COLUMNS`](crate::server::store::sealed::SEALED_COLUMNS).
    pub fn seal_away(&self, name: &str, secret: &str) -> anyhow::Result<Vec<u8>> {
        self.keys.seal(name, secret)
    }

    /// What [`Secrets::seal_away`] has encrypted under `name`.
    pub fn open_again(&self, name: &str, sealed: &[u8]) -> anyhow::Result<SecretString> {
        self.keys.open_sealed(name, sealed)
    }

    /// The secret that a reference points to. Errors name the reference, never a secret.
    pub async fn resolve(&self, reference: &str) -> anyhow::Result<SecretString> {
        let (kind, rest) = reference
            .split_once("://")
            .context("a reference to a secret begins with vault://, env://, file:// or sealed://")?;
        match kind {
            "env" => {
                let value = std::env::var(rest).map_err(|_| anyhow!("the environment variable {rest} is not set"))?;
                Ok(SecretString::from(Zeroizing::new(value).trim()))
            }
            "file" => {
                let path = rest.to_owned();
                tokio::task::spawn_blocking(move || read_file(&path)).await?
            }
            "sealed" => {
                let sealed = self
                    .store
                    .sealed_secret(rest)
                    .await?
                    .with_context(|| format!("there is no sealed secret {rest}"))?;
                self.keys.open_sealed(rest, &sealed)
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

/// The text of a small file that not everybody can read. Where the path is a link, what it leads to counts.
fn read_file(path: &str) -> anyhow::Result<SecretString> {
    let metadata = std::fs::metadata(path).with_context(|| format!("there is no file {path}"))?;
    if !metadata.is_file() {
        bail!("{path} is no file");
    }
    let unreadable = || format!("the file {path} cannot be read");
    let mut file = std::fs::File::open(path).with_context(unreadable)?;
    let mode = file.metadata().with_context(unreadable)?.permissions().mode();
    if mode & 0o007 != 0 {
        bail!("the file {path} can be read by everybody; run: chmod 600 {path}");
    }
    // Never grows, so that no part of it is left behind in memory.
    let mut bytes = Zeroizing::new(vec![0; LARGEST_FILE + 1]);
    let mut length = 0;
    loop {
        match file.read(&mut bytes[length..]).with_context(unreadable)? {
            0 => break,
            more => length += more,
        }
    }
    if length > LARGEST_FILE {
        bail!("the file {path} is larger than {LARGEST_FILE} bytes, so it holds no secret");
    }
    let text = std::str::from_utf8(&bytes[..length]).map_err(|_| anyhow!("the file {path} is not text"))?;
    Ok(SecretString::from(text.trim()))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};

    use super::*;

    #[test]
    fn a_reference_is_to_a_secret_of_the_organisation_itself() {
        let own = OrgId::parse("org_a").unwrap();
        for good in [
            "env://VIPPS_SECRET",
            "env://MY_PORTAL_KEY",
            "file:///run/secrets/a",
            "vault://m/p#f",
            "sealed://org_a/client_secret",
        ] {
            assert_eq!(check_reference(good), Ok(()), "{good}");
            assert!(!is_foreign(good, &own), "{good}");
        }
        for setting in ["DATABASE_URL", "PORTAL_SECRET_KEY_FILE", "VAULT_TOKEN", "PGPASSWORD", " PGPASSWORD"] {
            assert!(check_reference(&format!("env://{setting}")).unwrap_err().contains("own settings"), "{setting}");
        }
        for foreign in ["org_b/client_secret", "org_ab/client_secret", "org_a", "org_a/", "/org_a/client_secret"] {
            assert!(is_foreign(&format!("sealed://{foreign}"), &own), "{foreign}");
        }
    }

    #[test]
    fn a_file_is_read_if_it_is_a_small_one_that_not_everybody_can_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let write = |name: &str, contents: &[u8], mode: u32| {
            fs::write(path(name), contents).unwrap();
            fs::set_permissions(path(name), Permissions::from_mode(mode)).unwrap();
        };
        let refused = |name: &str| read_file(&path(name)).unwrap_err().to_string();
        write("good", " hemmelig æøå\n".as_bytes(), 0o640);
        assert_eq!(read_file(&path("good")).unwrap().expose_secret(), "hemmelig æøå");
        write("open", b"secret", 0o604);
        assert!(refused("open").contains("chmod 600"));
        // A link has rights of its own that say nothing.
        std::os::unix::fs::symlink(path("good"), path("link")).unwrap();
        std::os::unix::fs::symlink(path("open"), path("link to open")).unwrap();
        assert_eq!(read_file(&path("link")).unwrap().expose_secret(), "hemmelig æøå");
        assert!(refused("link to open").contains("chmod 600"));
        write("full", &vec![b'a'; LARGEST_FILE], 0o600);
        assert_eq!(read_file(&path("full")).unwrap().expose_secret().len(), LARGEST_FILE);
        write("large", &vec![b'a'; LARGEST_FILE + 1], 0o600);
        assert!(refused("large").contains("is larger than"));
        write("no text", &[0xff, 0xfe], 0o600);
        assert!(refused("no text").contains("is not text"));
        assert!(refused("nothing").contains("there is no file"));
        assert!(read_file("/dev/zero").unwrap_err().to_string().contains("is no file"));
        assert!(read_file(folder.path().to_str().unwrap()).unwrap_err().to_string().contains("is no file"));
    }
}
