//! The embedded database: a PostgreSQL server of our own, kept in the data folder.
//!
//! For those who start the portal without `DATABASE_URL`. The server's programs come from the system
//! ([`binaries`]), its files lie under the data folder ([`place`]), and it listens on a Unix socket in a private
//! folder, never on a port. It keeps data like any other PostgreSQL: fsync on, checksums on, crash recovery.
//!
//! One portal at a time owns a data folder: it holds a lock for as long as it runs. A server left behind by a portal
//! that was killed is therefore nobody's, and is stopped before ours starts ([`orphan`]).

use std::{
    fs::{self, File},
    io,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection,
    postgres::{PgConnectOptions, PgSslMode},
};
use tokio::process::{Child, Command};

use self::{binaries::Binaries, place::Place};

mod binaries;
mod orphan;
mod place;
#[cfg(test)]
mod tests;

/// Only part of the socket's name: no TCP port is opened.
const PORT: u16 = 5432;
const SUPERUSER: &str = "postgres";
/// The role the portal works as. Not a superuser, so that row-level security holds for it.
const ROLE: &str = "portal";
const DATABASE: &str = "portal";

/// Time for a fast shutdown, which ends open transactions and writes a checkpoint.
const FAST_SHUTDOWN: Duration = Duration::from_secs(10);
/// Time for an immediate shutdown, which writes nothing.
const IMMEDIATE_SHUTDOWN: Duration = Duration::from_secs(5);
/// Time until the server answers; recovery after a crash is part of it.
const READY_WITHIN: Duration = Duration::from_mins(5);
/// Time for the last processes of a killed server to notice and go.
const LEFTOVERS_WITHIN: Duration = Duration::from_secs(15);

/// A running PostgreSQL server. Call [`stop`](Self::stop) when done; dropping it only asks it to stop.
#[derive(Debug)]
pub struct EmbeddedPostgres {
    url: String,
    server: Child,
    place: Place,
    socket_dir: PathBuf,
    /// A folder of ours that goes when the server goes.
    temporary: Option<PathBuf>,
    /// Held for as long as the server runs. Last, so that it is let go last.
    _lock: File,
}

impl EmbeddedPostgres {
    /// Starts the server of this data folder and waits until it answers; makes role and database the first time.
    ///
    /// # Errors
    /// When there are no programs to run, the folder is in use or cannot be used, or the server does not come up.
    pub async fn start(data_dir: &Path) -> Result<Self, StartError> {
        let binaries = binaries::Search::from_environment();
        Self::start_with(data_dir, &binaries, Durability::Kept).await
    }

    /// Starts a server for tests: its data is gone when it stops, so it need not be safe from a power cut either.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_temporary() -> Result<Self, StartError> {
        let folder = place::new_temporary_folder()?;
        let binaries = binaries::Search::from_environment();
        match Self::start_with(&folder, &binaries, Durability::Temporary).await {
            Ok(mut started) => {
                started.temporary = Some(folder);
                Ok(started)
            }
            Err(error) => {
                let _ = fs::remove_dir_all(&folder);
                Err(error)
            }
        }
    }

    /// Where the server of this data folder answers, if another process runs it.
    pub fn running_url(data_dir: &Path) -> Option<String> {
        fs::read_to_string(Place::of(data_dir).ok()?.url_file()).ok()
    }

    /// For sqlx and for `psql`: role, password, socket folder and database.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Ends open transactions and stops the server; after ten seconds without ceremony, which is safe but makes the
    /// next start recover.
    pub async fn stop(mut self) {
        for (signal, patience) in [(Signal::SIGINT, FAST_SHUTDOWN), (Signal::SIGQUIT, IMMEDIATE_SHUTDOWN)] {
            self.signal(signal);
            if tokio::time::timeout(patience, self.server.wait()).await.is_ok() {
                return; // the rest is in Drop
            }
            tracing::warn!(%signal, "the embedded PostgreSQL has not stopped yet");
        }
        let _ = self.server.kill().await;
    }

    async fn start_with(
        data_dir: &Path,
        search: &binaries::Search,
        durability: Durability,
    ) -> Result<Self, StartError> {
        let place = Place::of(data_dir)?;
        let binaries = search.find(place.version()?, &place.cluster)?;
        let lock = place.lock()?;
        orphan::stop(&place.cluster).await?;
        let socket_dir = place.new_socket_dir()?;

        let fresh = !place.is_complete();
        if fresh {
            tracing::info!(folder = %place.cluster.display(), version = %binaries.version, "making a new database");
            init_cluster(&place, &binaries).await?;
        }
        let log_from = place.log_length();
        let server = spawn_server(&place, &binaries, &socket_dir, durability)?;
        // From here on a fault, or a caller who loses interest, stops the server by Drop.
        let mut started = Self { url: String::new(), server, place, socket_dir, temporary: None, _lock: lock };
        let superuser = started.connect_when_ready(&binaries, durability, log_from).await?;
        started.url = started.portal_url(superuser, fresh).await?;
        started.place.note_url(&started.url)?;
        tracing::debug!(folder = %started.place.cluster.display(), version = %binaries.version, "PostgreSQL answers");
        Ok(started)
    }

    async fn connect_when_ready(
        &mut self,
        binaries: &Binaries,
        durability: Durability,
        log_from: u64,
    ) -> Result<PgConnection, StartError> {
        let options = self.options(SUPERUSER, &self.place.superuser_password()?, SUPERUSER);
        let begun = Instant::now();
        let mut said = begun;
        loop {
            if let Some(status) = self.server.try_wait().map_err(io_error("watch PostgreSQL"))? {
                let log = self.place.log_tail(log_from);
                // The processes of a server that was killed may outlive it for a moment.
                if log.contains("shared memory block") && begun.elapsed() < LEFTOVERS_WITHIN {
                    tokio::time::sleep(Duration::from_millis(250)).await;
                    self.server = spawn_server(&self.place, binaries, &self.socket_dir, durability)?;
                    continue;
                }
                return Err(StartError::Exited { status, log });
            }
            match options.connect().await {
                Ok(connection) => return Ok(connection),
                Err(error) if !is_not_ready_yet(&error) => return Err(sql_error("sign in to")(error)),
                Err(_) if begun.elapsed() > READY_WITHIN => {
                    return Err(StartError::Silent { log: self.place.log_tail(log_from) });
                }
                Err(_) => {}
            }
            if said.elapsed() > Duration::from_secs(5) {
                said = Instant::now();
                tracing::info!("PostgreSQL is still starting; after a crash it first repairs its files");
            }
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
    }

    async fn portal_url(&self, mut superuser: PgConnection, fresh: bool) -> Result<String, StartError> {
        let password = self.place.portal_password()?;
        if fresh {
            // A statement that fails goes to the log, and this one holds a password (letters and digits).
            for statement in [
                "set log_min_error_statement = panic".to_owned(),
                format!(
                    "create role {ROLE} login nosuperuser createdb nocreaterole noreplication nobypassrls \
                     password '{password}'"
                ),
                format!("create database {DATABASE} owner {ROLE}"),
                format!("revoke all on database {DATABASE} from public"),
            ] {
                sqlx::query(AssertSqlSafe(statement)).execute(&mut superuser).await.map_err(sql_error("set up"))?;
            }
            self.place.mark_complete()?;
        }
        superuser.close().await.map_err(sql_error("sign out of"))?;

        let socket_dir = utf8_percent_encode(self.socket_dir.to_str().unwrap_or_default(), NON_ALPHANUMERIC);
        Ok(format!("postgres://{ROLE}:{password}@localhost:{PORT}/{DATABASE}?host={socket_dir}"))
    }

    fn options(&self, user: &str, password: &str, database: &str) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .socket(&self.socket_dir)
            .port(PORT)
            .username(user)
            .password(password)
            .database(database)
            .ssl_mode(PgSslMode::Disable)
            .disable_statement_logging()
    }

    /// Does nothing when the server has ended, so never reaches a stranger with the same number.
    fn signal(&mut self, signal: Signal) {
        if let Ok(None) = self.server.try_wait()
            && let Some(pid) = self.server.id().and_then(|id| i32::try_from(id).ok())
        {
            let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), signal);
        }
    }
}

impl Drop for EmbeddedPostgres {
    fn drop(&mut self) {
        if self.temporary.is_some() {
            // Nothing of it is kept, so nothing need be written down.
            self.signal(Signal::SIGQUIT);
        } else {
            self.signal(Signal::SIGINT);
        }
        let _ = fs::remove_file(self.place.url_file());
        if let Ok(Some(_)) | Err(_) = self.server.try_wait() {
            let _ = fs::remove_dir_all(&self.socket_dir);
        }
        if let Some(folder) = &self.temporary {
            let _ = fs::remove_dir_all(&self.place.folder);
            let _ = fs::remove_dir_all(folder);
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Durability {
    Kept,
    Temporary,
}

/// Why the embedded database did not start: one sentence for whoever started the portal.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(
        "PostgreSQL is not installed (no folder holds both `initdb` and `postgres`, version {versions}): install it \
         (Debian, Ubuntu: `apt-get install postgresql`; Homebrew: `brew install postgresql@17`), or set DATABASE_URL \
         to a database you run",
        versions = binaries::VERSIONS
    )]
    NoBinaries,
    #[error("PG_BIN is {}, but {fault}: set it to the folder that holds `initdb` and `postgres`, or unset it", path.display())]
    PgBin { path: PathBuf, fault: String },
    #[error(
        "the database in {} was made by PostgreSQL {made_by}, and here are only {found}: install PostgreSQL {made_by}, \
         or set DATABASE_URL to a database you run", cluster.display()
    )]
    OtherVersion { cluster: PathBuf, made_by: u32, found: String },
    #[error(
        "another portal is using the database in {}: stop it, or give this one a folder of its own with PORTAL_DATA_DIR",
        folder.display()
    )]
    InUse { folder: PathBuf },
    #[error(
        "an older PostgreSQL (process {pid}) is still using {} and does not stop: end it with `kill -QUIT {pid}`",
        cluster.display()
    )]
    Orphan { pid: i32, cluster: PathBuf },
    #[error(
        "PostgreSQL does not run as root, and there is no user `postgres` or `nobody` to run it as: set DATABASE_URL instead"
    )]
    NoAccount,
    #[error("user {account} may not enter {}, where the database is: allow it with `chmod a+x` on the folders above", folder.display())]
    NoEntry { account: String, folder: PathBuf },
    #[error("initdb could not make a database in {}: {output}", cluster.display())]
    Initdb { cluster: PathBuf, output: String },
    #[error("PostgreSQL ended while starting ({status}); its log says:\n{log}")]
    Exited { status: ExitStatus, log: String },
    #[error("PostgreSQL did not answer within five minutes; its log says:\n{log}")]
    Silent { log: String },
    #[error("could not {doing} the embedded PostgreSQL")]
    Sql { doing: &'static str, source: sqlx::Error },
    #[error("could not {doing}")]
    Io { doing: String, source: io::Error },
}

fn io_error(doing: impl Into<String>) -> impl FnOnce(io::Error) -> StartError {
    move |source| StartError::Io { doing: doing.into(), source }
}

fn sql_error(doing: &'static str) -> impl FnOnce(sqlx::Error) -> StartError {
    move |source| StartError::Sql { doing, source }
}

/// No socket yet, nobody at the socket yet, or "the database system is starting up".
fn is_not_ready_yet(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => matches!(
            error.kind(),
            io::ErrorKind::NotFound
                | io::ErrorKind::ConnectionRefused
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::UnexpectedEof
        ),
        sqlx::Error::Database(database) => database.code().as_deref() == Some("57P03"),
        _ => false,
    }
}

/// Makes the files of a new, empty cluster; whatever half-made cluster lay there is removed.
async fn init_cluster(place: &Place, binaries: &Binaries) -> Result<(), StartError> {
    // Character classes know æøå; order is by code point, so that indexes serve prefixes and never change with libc.
    match run_initdb(place, binaries, "C.UTF-8").await {
        Err(StartError::Initdb { output, .. }) if output.contains("locale") => run_initdb(place, binaries, "C").await,
        other => other,
    }
}

async fn run_initdb(place: &Place, binaries: &Binaries, ctype: &str) -> Result<(), StartError> {
    let cluster = place.new_cluster()?;
    let password_file = place.superuser_password_for_initdb()?;
    let mut command = server_command(&binaries.initdb, place);
    command
        .args(["--auth=scram-sha-256", "--data-checksums", "--encoding=UTF8", "--locale-provider=libc"])
        .args(["--locale=C", &format!("--lc-ctype={ctype}"), &format!("--username={SUPERUSER}")])
        .arg("--pwfile")
        .arg(&password_file)
        .arg("--pgdata")
        .arg(&cluster)
        .stdin(Stdio::null());
    let output = Command::from(command).kill_on_drop(true).output().await;
    let _ = fs::remove_file(&password_file);
    let output = output.map_err(io_error(format!("run {}", binaries.initdb.display())))?;
    if output.status.success() {
        return place.adopt_cluster(&cluster);
    }
    let output = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Err(StartError::Initdb { cluster: place.cluster.clone(), output: place::last_lines(&output, 8) })
}

fn spawn_server(
    place: &Place,
    binaries: &Binaries,
    socket_dir: &Path,
    durability: Durability,
) -> Result<Child, StartError> {
    let socket_dir = socket_dir.to_string_lossy().replace('"', "\"\"");
    let mut settings = vec![
        "listen_addresses=".to_owned(),
        format!("port={PORT}"),
        format!("unix_socket_directories=\"{socket_dir}\""),
        "unix_socket_permissions=0700".to_owned(),
        "shared_buffers=128MB".to_owned(),
        "max_connections=40".to_owned(),
        "random_page_cost=1.1".to_owned(), // measured for disks that turn, the default keeps indexes out of use
        "jit=off".to_owned(),              // compiling costs more than our queries take
        "timezone=UTC".to_owned(),
        "log_timezone=UTC".to_owned(),
        "lc_messages=C".to_owned(),
        "logging_collector=off".to_owned(), // standard error is our log file
        "log_destination=stderr".to_owned(),
        "log_checkpoints=off".to_owned(),
    ];
    let durable = match durability {
        Durability::Kept => "on",
        Durability::Temporary => "off",
    };
    settings.extend(["fsync", "full_page_writes", "synchronous_commit"].map(|name| format!("{name}={durable}")));

    let mut command = server_command(&binaries.postgres, place);
    command.arg("-D").arg(&place.cluster);
    for setting in &settings {
        command.args(["-c", setting]);
    }
    let log = place.open_log()?;
    let errors = log.try_clone().map_err(io_error("open the log of PostgreSQL"))?;
    // A process group of its own: Ctrl-C in the terminal is for the portal, which stops the server when it has drained.
    command.process_group(0).stdin(Stdio::null()).stdout(log).stderr(errors);
    Command::from(command).spawn().map_err(io_error(format!("run {}", binaries.postgres.display())))
}

/// A program of PostgreSQL, as the account that owns the cluster and without the caller's `PG…` variables.
fn server_command(program: &Path, place: &Place) -> std::process::Command {
    let mut command = std::process::Command::new(program);
    command.env_clear().env("LC_ALL", "C").current_dir("/");
    for name in ["PATH", "LD_LIBRARY_PATH", "TMPDIR"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    if let Some(account) = &place.account {
        command.uid(account.uid).gid(account.gid);
    }
    command
}
