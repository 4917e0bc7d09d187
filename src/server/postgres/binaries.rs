//! Where PostgreSQL's own programs are.

use std::{
    ffi::OsString,
    fmt,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

use super::StartError;

/// The major versions we know to work.
pub(super) const VERSIONS: Versions = Versions(15..=18);

pub(super) struct Versions(RangeInclusive<u32>);

impl fmt::Display for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.0.start(), self.0.end())
    }
}

#[derive(Debug)]
pub(super) struct Binaries {
    pub initdb: PathBuf,
    pub postgres: PathBuf,
    /// Major version.
    pub version: u32,
}

/// The places to look in, in order.
#[derive(Debug, Default)]
pub(super) struct Search {
    /// `PG_BIN`: when set, the only place.
    pub pg_bin: Option<PathBuf>,
    pub path: Option<OsString>,
    /// Folders where systems install one version beside another, newest first.
    pub installed: Vec<PathBuf>,
}

impl Search {
    pub fn from_environment() -> Self {
        let mut installed = Vec::new();
        for version in VERSIONS.0.rev() {
            installed.extend([
                format!("/usr/lib/postgresql/{version}/bin").into(),
                format!("/usr/pgsql-{version}/bin").into(),
                format!("/opt/homebrew/opt/postgresql@{version}/bin").into(),
                format!("/usr/local/opt/postgresql@{version}/bin").into(),
                format!("/home/linuxbrew/.linuxbrew/opt/postgresql@{version}/bin").into(),
            ]);
        }
        let pg_bin = std::env::var_os("PG_BIN").filter(|value| !value.is_empty()).map(PathBuf::from);
        Self { pg_bin, path: std::env::var_os("PATH"), installed }
    }

    /// The first fit; where a cluster exists already, the first of the version that made it.
    pub fn find(&self, made_by: Option<u32>, cluster: &Path) -> Result<Binaries, StartError> {
        let other_version = |found: &[u32]| {
            made_by.map(|made_by| StartError::OtherVersion {
                cluster: cluster.to_owned(),
                made_by,
                found: found.iter().map(|version| format!("version {version}")).collect::<Vec<_>>().join(" and "),
            })
        };

        if let Some(folder) = &self.pg_bin {
            let fault = |fault| StartError::PgBin { path: folder.clone(), fault };
            let binaries = Binaries::resolved(folder)
                .ok_or_else(|| fault("that folder does not hold both programs in a version that runs".to_owned()))?;
            return match made_by {
                Some(made_by) if made_by != binaries.version => {
                    Err(other_version(&[binaries.version]).unwrap_or(StartError::NoBinaries))
                }
                _ if !VERSIONS.0.contains(&binaries.version) => {
                    Err(fault(format!("that is version {}, not one of {VERSIONS}", binaries.version)))
                }
                _ => Ok(binaries),
            };
        }

        let path = self.path.iter().flat_map(std::env::split_paths).filter(|folder| folder.is_absolute());
        let mut found = Vec::new();
        for folder in path.chain(self.installed.iter().cloned()) {
            if let Some(binaries) = Binaries::resolved(&folder).filter(|it| VERSIONS.0.contains(&it.version)) {
                if made_by.is_none_or(|made_by| made_by == binaries.version) {
                    return Ok(binaries);
                }
                if !found.contains(&binaries.version) {
                    found.push(binaries.version);
                }
            }
        }
        Err((!found.is_empty()).then(|| other_version(&found)).flatten().unwrap_or(StartError::NoBinaries))
    }
}

impl Binaries {
    /// Both programs from one folder: a lone `initdb` belongs to who knows which server. Follows links, because a
    /// server finds its libraries from where it really lies.
    fn resolved(folder: &Path) -> Option<Self> {
        let initdb = folder.join("initdb").canonicalize().ok()?;
        let postgres = initdb.parent()?.join("postgres");
        let postgres = if postgres.is_file() { postgres } else { folder.join("postgres").canonicalize().ok()? };
        if initdb.parent() != postgres.parent() {
            return None;
        }
        let said = std::process::Command::new(&postgres).arg("--version").output().ok()?;
        let version = parse_version(&String::from_utf8_lossy(&said.stdout))?;
        Some(Self { initdb, postgres, version })
    }
}

/// The major version in `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` or `… 19beta1`.
fn parse_version(said: &str) -> Option<u32> {
    let (_, version) = said.split_once("(PostgreSQL) ")?;
    let end = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
    version[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_major_version() {
        assert_eq!(parse_version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(parse_version("postgres (PostgreSQL) 19beta1"), Some(19));
        assert_eq!(parse_version("bash: no such thing"), None);
    }

    #[test]
    fn no_programs_names_both_ways_out() {
        let error = Search::default().find(None, Path::new("/nowhere")).unwrap_err().to_string();
        assert!(error.contains("apt-get install postgresql") && error.contains("DATABASE_URL"), "{error}");
        assert!(error.contains("15 to 18"), "{error}");
    }

    #[test]
    fn a_wrong_pg_bin_is_said_and_not_stepped_over() {
        let empty = tempfile::tempdir().unwrap();
        let search = Search { pg_bin: Some(empty.path().to_owned()), ..Search::from_environment() };
        let error = search.find(None, Path::new("/nowhere")).unwrap_err().to_string();
        assert!(error.starts_with("PG_BIN is /") && error.contains("initdb"), "{error}");
    }

    #[test]
    fn a_lone_initdb_is_passed_by() {
        let lone = tempfile::tempdir().unwrap();
        std::fs::write(lone.path().join("initdb"), "").unwrap();
        let search = Search { path: Some(lone.path().into()), ..Search::from_environment() };
        let found = search.find(None, Path::new("/nowhere")).unwrap();
        assert!(!found.initdb.starts_with(lone.path()));
    }

    #[test]
    fn a_link_is_followed_to_its_server() {
        let real = Search { pg_bin: None, ..Search::from_environment() }.find(None, Path::new("/nowhere")).unwrap();
        let links = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(&real.initdb, links.path().join("initdb")).unwrap();
        let search = Search { pg_bin: Some(links.path().to_owned()), ..Search::default() };
        assert_eq!(search.find(None, Path::new("/nowhere")).unwrap().postgres, real.postgres);
    }

    #[test]
    fn a_cluster_of_another_version_is_said() {
        let error = Search { pg_bin: None, ..Search::from_environment() }
            .find(Some(14), Path::new("/data/postgres/cluster"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("/data/postgres/cluster was made by PostgreSQL 14"), "{error}");
        assert!(error.contains("here are only version "), "{error}");
    }
}
