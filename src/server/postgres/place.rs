//! Where the embedded database keeps its files, and as whom its server runs.
//!
//! ```text
//! <data folder>/postgres/
//!     cluster/              the database itself
//!     complete              written last: without it, `cluster` is a half-made one
//!     superuser-password    0600
//!     portal-password       0600
//!     postgres.log
//!     lock                  held by the portal that uses the folder
//!     socket/               0700, there while the server runs
//!     location              only where the files had to lie elsewhere, and then where
//! ```

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, chown},
    path::{Path, PathBuf},
};

use nix::unistd::{Uid, User};
use rand::{Rng as _, distr::Alphanumeric};
use sha2::{Digest as _, Sha256};

use super::{StartError, io_error};

/// For portals that run as root in a folder their server may not enter, such as `/root`.
const ELSEWHERE: &str = "/var/lib/partner-portal";
/// The system's limit for a socket's path is 107 bytes (103 on macOS), and `/.s.PGSQL.5432` is the end of ours.
const LONGEST_SOCKET_DIR: usize = 103 - "/.s.PGSQL.5432".len();
const UNFINISHED_CLUSTER: &str = "cluster-unfinished-";
const SHORT_SOCKET_DIR: &str = "partner-portal-";
/// A log longer than this is put aside at the next start.
const LONGEST_LOG: u64 = 10 * 1024 * 1024;

#[derive(Debug)]
pub(super) struct Place {
    pub folder: PathBuf,
    pub cluster: PathBuf,
    /// As whom PostgreSQL runs; `None`: as ourselves.
    pub account: Option<Account>,
}

/// A user of the system, other than root.
#[derive(Debug)]
pub(super) struct Account {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
}

impl Place {
    /// The folder for this data folder's database. Makes the folder, and nothing in it.
    pub fn of(data_dir: &Path) -> Result<Self, StartError> {
        fs::create_dir_all(data_dir).map_err(io_error(format!("make the folder {}", data_dir.display())))?;
        // Whole, because the server runs in a folder of its own.
        let data_dir = data_dir.canonicalize().map_err(io_error(format!("find the folder {}", data_dir.display())))?;
        let here = data_dir.join("postgres");
        if !Uid::effective().is_root() {
            make_folder(&here, 0o700)?;
            return Ok(Self { cluster: here.join("cluster"), folder: here, account: None });
        }

        make_folder(&here, 0o711)?;
        let note = here.join("location");
        let folder = match fs::read_to_string(&note) {
            Ok(text) => PathBuf::from(text.lines().next().unwrap_or_default()),
            Err(_) if Account::for_cluster(&here)?.may_enter(&here) || here.join("complete").exists() => here,
            Err(_) => {
                let elsewhere = Path::new(ELSEWHERE).join(short_hash(&data_dir));
                tracing::info!(folder = %elsewhere.display(), "PostgreSQL may not enter {}: its files go elsewhere", data_dir.display());
                write_file(&note, &format!("{}\n", elsewhere.display()), 0o644, None)?;
                elsewhere
            }
        };
        if let Some(parent) = folder.parent().filter(|parent| *parent == Path::new(ELSEWHERE)) {
            make_folder(parent, 0o711)?;
        }
        make_folder(&folder, 0o711)?;
        let account = Account::for_cluster(&folder)?;
        if !account.may_enter(&folder) {
            return Err(StartError::NoEntry { account: account.name, folder });
        }
        Ok(Self { cluster: folder.join("cluster"), folder, account: Some(account) })
    }

    /// Ours as long as the file is open.
    pub fn lock(&self) -> Result<File, StartError> {
        let path = self.folder.join("lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
        let file = file.map_err(io_error(format!("open {}", path.display())))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(StartError::InUse { folder: self.folder.clone() }),
            Err(TryLockError::Error(error)) => Err(io_error(format!("lock {}", path.display()))(error)),
        }
    }

    pub fn is_complete(&self) -> bool {
        self.folder.join("complete").exists() && self.cluster.exists()
    }

    /// Says to other processes where the server answers, while it runs.
    pub fn url_file(&self) -> PathBuf {
        self.folder.join("url")
    }

    pub fn note_url(&self, url: &str) -> Result<(), StartError> {
        write_file(&self.url_file(), url, 0o600, None)
    }

    pub fn mark_complete(&self) -> Result<(), StartError> {
        write_file(&self.folder.join("complete"), "", 0o600, None)
    }

    /// The major version that made the cluster, where there is one.
    pub fn version(&self) -> Result<Option<u32>, StartError> {
        if !self.is_complete() {
            return Ok(None);
        }
        let path = self.cluster.join("PG_VERSION");
        let text = fs::read_to_string(&path).map_err(io_error(format!("read {}", path.display())))?;
        Ok(text.trim().parse().ok())
    }

    /// An empty folder for initdb; half-made clusters go. Its name is new each time, because an initdb whose portal was
    /// killed may still be writing to the one before.
    pub fn new_cluster(&self) -> Result<PathBuf, StartError> {
        remove(&self.folder.join("complete"))?;
        if self.cluster.exists() {
            // Most likely the setting up was cut short; but it may as well be somebody's backup.
            let aside = self.folder.join(format!("cluster-set-aside-{}", random_word(8)));
            tracing::warn!(folder = %aside.display(), "a database that was not set up to its end is put aside");
            fs::rename(&self.cluster, &aside)
                .map_err(io_error(format!("rename the folder {}", self.cluster.display())))?;
        }
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(UNFINISHED_CLUSTER) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        let unfinished = self.folder.join(format!("{UNFINISHED_CLUSTER}{}", random_word(8)));
        self.make_server_folder(&unfinished)?;
        Ok(unfinished)
    }

    /// Puts what initdb made in its place.
    pub fn adopt_cluster(&self, made: &Path) -> Result<(), StartError> {
        fs::rename(made, &self.cluster).map_err(io_error(format!("make the folder {}", self.cluster.display())))
    }

    /// A new private folder for the socket: below the cluster's, or a short one where that path is too long.
    pub fn new_socket_dir(&self) -> Result<PathBuf, StartError> {
        let note = self.folder.join("socket-location");
        if let Ok(earlier) = fs::read_to_string(&note) {
            let earlier = Path::new(&earlier);
            let ours = earlier.file_name().is_some_and(|name| name.to_string_lossy().starts_with(SHORT_SOCKET_DIR));
            if ours && !earlier.is_symlink() {
                let _ = fs::remove_dir_all(earlier);
            }
            remove(&note)?;
        }

        let near = self.folder.join("socket");
        remove(&near)?;
        if near.to_str().is_some_and(|path| path.len() <= LONGEST_SOCKET_DIR) {
            self.make_server_folder(&near)?;
            return Ok(near);
        }
        let runtime_dir = std::env::var_os("XDG_RUNTIME_DIR")
            .map(PathBuf::from)
            .filter(|dir| self.account.is_none() && dir.is_dir() && dir.to_str().is_some_and(|dir| dir.len() < 60));
        let name = format!("{SHORT_SOCKET_DIR}{}", random_word(12));
        let short = runtime_dir.unwrap_or_else(|| "/tmp".into()).join(name);
        self.make_server_folder(&short)?;
        write_file(&note, &short.to_string_lossy(), 0o600, None)?;
        Ok(short)
    }

    pub fn superuser_password(&self) -> Result<String, StartError> {
        self.password("superuser-password")
    }

    pub fn portal_password(&self) -> Result<String, StartError> {
        self.password("portal-password")
    }

    /// A copy that initdb may read. The caller removes it.
    pub fn superuser_password_for_initdb(&self) -> Result<PathBuf, StartError> {
        let path = self.folder.join("initdb-password");
        write_file(&path, &self.superuser_password()?, 0o600, self.account.as_ref())?;
        Ok(path)
    }

    pub fn open_log(&self) -> Result<File, StartError> {
        let path = self.log();
        if self.log_length() > LONGEST_LOG {
            let _ = fs::rename(&path, path.with_extension("log.old"));
        }
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&path);
        file.map_err(io_error(format!("open {}", path.display())))
    }

    pub fn log_length(&self) -> u64 {
        fs::metadata(self.log()).map_or(0, |log| log.len())
    }

    /// The last lines written since the log had this length.
    pub fn log_tail(&self, from: u64) -> String {
        let read = || -> io::Result<String> {
            let mut log = File::open(self.log())?;
            let length = log.metadata()?.len();
            log.seek(SeekFrom::Start(if from <= length { from } else { 0 }))?;
            let mut bytes = Vec::new();
            log.read_to_end(&mut bytes)?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        last_lines(&read().unwrap_or_default(), 12)
    }

    fn log(&self) -> PathBuf {
        self.folder.join("postgres.log")
    }

    /// Reads the password, or thinks one up: letters and digits, about 190 bits.
    fn password(&self, name: &str) -> Result<String, StartError> {
        let path = self.folder.join(name);
        match fs::read_to_string(&path) {
            Ok(password) if !password.trim().is_empty() => return Ok(password.trim().to_owned()),
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(io_error(format!("read {}", path.display()))(error));
            }
            _ => {}
        }
        let password = random_word(32);
        let unfinished = path.with_extension("new");
        write_file(&unfinished, &password, 0o600, None)?;
        fs::rename(&unfinished, &path).map_err(io_error(format!("write {}", path.display())))?;
        Ok(password)
    }

    /// 0700, of the server's account; fails where there is one already.
    fn make_server_folder(&self, path: &Path) -> Result<(), StartError> {
        let make = || {
            DirBuilder::new().mode(0o700).create(path)?;
            fs::set_permissions(path, Permissions::from_mode(0o700))?;
            self.account.as_ref().map_or(Ok(()), |account| chown(path, Some(account.uid), Some(account.gid)))
        };
        make().map_err(io_error(format!("make the folder {}", path.display())))
    }
}

impl Account {
    /// Whoever owns the cluster that is there, else the user made for it, else the user made for nothing.
    fn for_cluster(folder: &Path) -> Result<Self, StartError> {
        let owner = fs::metadata(folder.join("cluster")).map_or(0, |cluster| cluster.uid());
        let user = (owner != 0).then(|| User::from_uid(Uid::from_raw(owner)).ok().flatten()).flatten();
        let user = user.or_else(|| ["postgres", "nobody"].iter().find_map(|name| User::from_name(name).ok().flatten()));
        let user = user.filter(|user| !user.uid.is_root()).ok_or(StartError::NoAccount)?;
        Ok(Self { name: user.name, uid: user.uid.as_raw(), gid: user.gid.as_raw() })
    }

    /// By the permissions of this folder and all above it.
    fn may_enter(&self, folder: &Path) -> bool {
        folder.ancestors().all(|folder| {
            fs::metadata(folder).is_ok_and(|it| {
                let execute = match () {
                    () if it.uid() == self.uid => 0o100,
                    () if it.gid() == self.gid => 0o010,
                    () => 0o001,
                };
                it.mode() & execute != 0
            })
        })
    }
}

/// For a server that keeps nothing. The server's account may enter it.
pub(super) fn new_temporary_folder() -> Result<PathBuf, StartError> {
    let (parent, mode) =
        if Uid::effective().is_root() { ("/tmp".into(), 0o711) } else { (std::env::temp_dir(), 0o700) };
    let folder = parent.join(format!("partner-portal-temporary-{}", random_word(12)));
    DirBuilder::new().mode(0o700).create(&folder).map_err(io_error(format!("make the folder {}", folder.display())))?;
    make_folder(&folder, mode)?;
    Ok(folder)
}

pub(super) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

fn make_folder(path: &Path, mode: u32) -> Result<(), StartError> {
    let make = || {
        fs::create_dir_all(path)?;
        fs::set_permissions(path, Permissions::from_mode(mode))
    };
    make().map_err(io_error(format!("make the folder {}", path.display())))
}

/// Written whole and to the disk.
fn write_file(path: &Path, text: &str, mode: u32, owner: Option<&Account>) -> Result<(), StartError> {
    let write = || {
        if path.exists() {
            fs::remove_file(path)?;
        }
        let mut file = OpenOptions::new().create_new(true).write(true).mode(mode).open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        owner.map_or(Ok(()), |owner| chown(path, Some(owner.uid), Some(owner.gid)))
    };
    write().map_err(io_error(format!("write {}", path.display())))
}

/// A file or a folder with all in it, if it is there.
fn remove(path: &Path) -> Result<(), StartError> {
    let removed = if path.is_dir() && !path.is_symlink() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(io_error(format!("remove {}", path.display()))(error))
        }
        _ => Ok(()),
    }
}

fn random_word(length: usize) -> String {
    rand::rng().sample_iter(Alphanumeric).take(length).map(char::from).collect()
}

fn short_hash(path: &Path) -> String {
    let digest: [u8; 32] = Sha256::digest(path.as_os_str().as_encoded_bytes()).into();
    digest.first_chunk().map_or_else(String::new, |start| format!("{:016x}", u64::from_be_bytes(*start)))
}
