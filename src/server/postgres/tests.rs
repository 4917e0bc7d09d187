//! Against the PostgreSQL of this system. As root, the path through another account is what is tested.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, Uid},
};
use sqlx::{Connection as _, PgConnection};

use super::*;

/// A data folder that PostgreSQL may enter, also when we are root.
struct DataDir(tempfile::TempDir);

impl DataDir {
    fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("pp-postgres-").tempdir_in("/tmp").unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        Self(folder)
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("data")
    }

    async fn start(&self) -> EmbeddedPostgres {
        EmbeddedPostgres::start(&self.path()).await.unwrap()
    }
}

async fn connect(postgres: &EmbeddedPostgres) -> PgConnection {
    PgConnection::connect(postgres.url()).await.unwrap()
}

async fn write_row(postgres: &EmbeddedPostgres) {
    let mut connection = connect(postgres).await;
    sqlx::query("create table note (text text)").execute(&mut connection).await.unwrap();
    sqlx::query("insert into note values ('kept')").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

async fn assert_row(postgres: &EmbeddedPostgres) {
    let mut connection = connect(postgres).await;
    let text: String = sqlx::query_scalar("select text from note").fetch_one(&mut connection).await.unwrap();
    assert_eq!(text, "kept");
}

async fn setting(connection: &mut PgConnection, name: &str) -> String {
    sqlx::query_scalar("select current_setting($1)").bind(name).fetch_one(connection).await.unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn pid(postgres: &EmbeddedPostgres) -> i32 {
    postgres.server.id().unwrap().try_into().unwrap()
}

#[tokio::test]
async fn keeps_rows_over_a_stop_and_over_a_crash() {
    let data = DataDir::new();
    let first = data.start().await;
    write_row(&first).await;
    let socket_dir = first.socket_dir.clone();
    first.stop().await;
    assert!(!socket_dir.exists());

    let mut second = data.start().await;
    assert_row(&second).await;
    kill(Pid::from_raw(pid(&second)), Signal::SIGKILL).unwrap();
    second.server.wait().await.unwrap();
    drop(second);

    let third = data.start().await;
    assert_row(&third).await;
    third.stop().await;
}

#[tokio::test]
async fn is_private_durable_and_not_a_superusers() {
    let data = DataDir::new();
    let postgres = data.start().await;
    let folder = data.path().join("postgres").canonicalize().unwrap();

    assert_eq!(mode(&postgres.socket_dir), 0o700);
    assert_eq!(mode(&folder.join("cluster")), 0o700);
    for secret in ["superuser-password", "portal-password"] {
        assert_eq!(mode(&folder.join(secret)), 0o600);
    }
    assert!(!folder.join("initdb-password").exists());

    let mut connection = connect(&postgres).await;
    for (name, value) in [
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("data_checksums", "on"),
        ("listen_addresses", ""),
        ("server_encoding", "UTF8"),
        ("lc_collate", "C"),
        ("max_connections", "40"),
        ("password_encryption", "scram-sha-256"),
    ] {
        assert_eq!(setting(&mut connection, name).await, value, "{name}");
    }
    let rights: (bool, bool, bool) =
        sqlx::query_as("select rolsuper, rolbypassrls, rolcreatedb from pg_roles where rolname = current_user")
            .fetch_one(&mut connection)
            .await
            .unwrap();
    assert_eq!(rights, (false, false, true));
    let lower: String = sqlx::query_scalar("select lower('SMØRBRØD ÆÅÄ')").fetch_one(&mut connection).await.unwrap();
    assert_eq!(lower, "smørbrød æåä");
    // What the migrations need: tables in `public` and trusted extensions.
    sqlx::query("create extension if not exists pg_trgm").execute(&mut connection).await.unwrap();
    sqlx::query("create database another").execute(&mut connection).await.unwrap();

    if cfg!(target_os = "linux") {
        let process = Path::new("/proc").join(pid(&postgres).to_string());
        let stat = fs::read_to_string(process.join("stat")).unwrap();
        let group = stat.rsplit_once(") ").unwrap().1.split(' ').nth(2).unwrap();
        assert_eq!(group, pid(&postgres).to_string(), "Ctrl-C must not reach the server");
        assert_eq!(listening_tcp_sockets(&process), 0);
    }

    let wrong = postgres.url().replacen("portal:", "portal:not", 1);
    assert!(PgConnection::connect(&wrong).await.is_err(), "a password is asked for");
    postgres.stop().await;
}

fn listening_tcp_sockets(process: &Path) -> usize {
    let sockets: Vec<_> = fs::read_dir(process.join("fd"))
        .unwrap()
        .filter_map(|entry| fs::read_link(entry.unwrap().path()).ok())
        .filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.trim_end_matches(']').to_owned()))
        .collect();
    assert!(!sockets.is_empty());
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|table| fs::read_to_string(table).unwrap_or_default());
    tables
        .iter()
        .flat_map(|table| table.lines())
        .filter(|line| line.split_whitespace().nth(9).is_some_and(|inode| sockets.iter().any(|socket| socket == inode)))
        .count()
}

#[tokio::test]
async fn a_second_portal_is_refused() {
    let data = DataDir::new();
    let postgres = data.start().await;
    let error = EmbeddedPostgres::start(&data.path()).await.unwrap_err().to_string();
    assert!(error.starts_with("another portal is using the database in /tmp/"), "{error}");
    write_row(&postgres).await;
    postgres.stop().await;
}

#[tokio::test]
async fn a_server_left_behind_is_stopped_and_its_rows_are_kept() {
    let data = DataDir::new();
    let first = data.start().await;
    write_row(&first).await;
    first.stop().await;
    let place = Place::of(&data.path()).unwrap();
    let binaries = binaries::Search::from_environment().find(None, &place.cluster).unwrap();
    let socket_dir = place.new_socket_dir().unwrap();
    let mut left = spawn_server(&place, &binaries, &socket_dir, Durability::Kept).unwrap();
    while !socket_dir.join(".s.PGSQL.5432").exists() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    let second = data.start().await;
    assert!(left.try_wait().unwrap().is_some(), "it was stopped");
    assert_row(&second).await;
    second.stop().await;

    // A number in postmaster.pid that belongs to a stranger, alive.
    let mut stranger = Command::new("sleep").arg("60").kill_on_drop(true).spawn().unwrap();
    let pid_file = place.cluster.join("postmaster.pid");
    fs::write(&pid_file, format!("{}\n{}\n1\n5432\n\n\n", stranger.id().unwrap(), place.cluster.display())).unwrap();
    if let Some(account) = &place.account {
        std::os::unix::fs::chown(&pid_file, Some(account.uid), Some(account.gid)).unwrap();
    }
    let third = data.start().await;
    assert_row(&third).await;
    assert!(stranger.try_wait().unwrap().is_none(), "the stranger lives");
    third.stop().await;
}

#[tokio::test]
async fn a_half_made_cluster_is_made_anew() {
    let data = DataDir::new();
    let place = Place::of(&data.path()).unwrap();
    let unfinished = place.new_cluster().unwrap();
    place.adopt_cluster(&unfinished).unwrap();
    fs::write(place.cluster.join("PG_VERSION"), "14\n").unwrap();
    fs::create_dir(place.cluster.join("base")).unwrap();

    let postgres = data.start().await;
    assert!(!unfinished.exists());
    write_row(&postgres).await;
    postgres.stop().await;
}

#[tokio::test]
async fn a_deep_data_folder_gets_a_short_socket() {
    let data = DataDir::new();
    let deep = data.path().join("a folder, with \"everything\" in its name").join("x".repeat(80));
    let postgres = EmbeddedPostgres::start(&deep).await.unwrap();
    let socket_dir = postgres.socket_dir.clone();
    assert!(socket_dir.to_str().unwrap().len() <= 90, "{}", socket_dir.display());
    assert_eq!(mode(&socket_dir), 0o700);
    write_row(&postgres).await;
    postgres.stop().await;
    assert!(!socket_dir.exists());
}

#[tokio::test]
async fn a_folder_with_a_strange_name_will_do() {
    let data = DataDir::new();
    let strange = data.path().join("a, \"b\" % ø");
    let postgres = EmbeddedPostgres::start(&strange).await.unwrap();
    assert!(postgres.socket_dir.starts_with(strange.canonicalize().unwrap()));
    write_row(&postgres).await;
    postgres.stop().await;
}

#[tokio::test]
async fn a_folder_closed_to_others_sends_root_elsewhere() {
    if !Uid::effective().is_root() {
        return;
    }
    let data = DataDir::new();
    fs::set_permissions(data.0.path(), Permissions::from_mode(0o700)).unwrap();
    let postgres = data.start().await;
    write_row(&postgres).await;
    let elsewhere = postgres.place.folder.clone();
    assert!(elsewhere.starts_with("/var/lib/partner-portal"), "{}", elsewhere.display());
    let note = fs::read_to_string(data.path().join("postgres/location")).unwrap();
    assert_eq!(note.trim(), elsewhere.to_str().unwrap());
    postgres.stop().await;

    // Opening the folder later must not lead to another, empty database.
    fs::set_permissions(data.0.path(), Permissions::from_mode(0o755)).unwrap();
    let postgres = data.start().await;
    assert_row(&postgres).await;
    postgres.stop().await;
    fs::remove_dir_all(elsewhere).unwrap();
}

#[tokio::test]
async fn a_server_that_cannot_start_says_why() {
    let data = DataDir::new();
    data.start().await.stop().await;
    let place = Place::of(&data.path()).unwrap();
    fs::write(place.cluster.join("postgresql.conf"), "no_such_setting = 1\n").unwrap();
    let error = EmbeddedPostgres::start(&data.path()).await.unwrap_err().to_string();
    assert!(error.contains("no_such_setting"), "{error}");
}

#[tokio::test]
async fn a_temporary_server_leaves_nothing() {
    let postgres = EmbeddedPostgres::start_temporary().await.unwrap();
    write_row(&postgres).await;
    let folder = postgres.temporary.clone().unwrap();
    assert!(folder.exists());
    postgres.stop().await;
    assert!(!folder.exists());
}
