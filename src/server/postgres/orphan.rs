//! A server that a killed portal left behind.

use std::{fs, path::Path, time::Instant};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::{FAST_SHUTDOWN, IMMEDIATE_SHUTDOWN, StartError, io_error};

/// Stops the server that still works on this cluster, if there is one. Call it with the lock of the folder held: then
/// no living portal owns that server.
///
/// A `postmaster.pid` that is left over is not removed, because the server reads from it whether processes of its
/// predecessor are still attached. Only the process number is taken out: it may be a stranger's by now, and the server
/// would not start while that stranger lives.
pub(super) async fn stop(cluster: &Path) -> Result<(), StartError> {
    let pid_file = cluster.join("postmaster.pid");
    let Ok(text) = fs::read_to_string(&pid_file) else { return Ok(()) };
    let (first_line, rest) = text.split_once('\n').unwrap_or((&text, ""));

    if let Some(pid) = first_line.trim().parse::<i32>().ok().filter(|pid| *pid > 0 && serves(*pid, cluster)) {
        tracing::warn!(pid, folder = %cluster.display(), "stopping the PostgreSQL that an earlier portal left behind");
        end(pid, cluster).await?;
    }
    if pid_file.exists() {
        // Our own number: to the server, its parent's, which it knows to be left over.
        let cleared = format!("{}\n{rest}", std::process::id());
        fs::write(&pid_file, cleared).map_err(io_error(format!("write {}", pid_file.display())))?;
    }
    Ok(())
}

async fn end(pid: i32, cluster: &Path) -> Result<(), StartError> {
    for (signal, patience) in [(Signal::SIGINT, FAST_SHUTDOWN), (Signal::SIGQUIT, IMMEDIATE_SHUTDOWN)] {
        let _ = kill(Pid::from_raw(pid), signal);
        let begun = Instant::now();
        while begun.elapsed() < patience {
            if !serves(pid, cluster) {
                return Ok(());
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
    Err(StartError::Orphan { pid, cluster: cluster.to_owned() })
}

/// Whether this process is a PostgreSQL server, and of this cluster: numbers are used again.
fn serves(pid: i32, cluster: &Path) -> bool {
    let process = Path::new("/proc").join(pid.to_string());
    if Path::new("/proc/self/comm").exists() {
        let name = fs::read_to_string(process.join("comm")).unwrap_or_default();
        return matches!(name.trim(), "postgres" | "postmaster")
            && fs::read_link(process.join("cwd")).is_ok_and(|folder| folder == cluster);
    }
    let Ok(said) = std::process::Command::new("ps").args(["-ww", "-o", "command=", "-p"]).arg(pid.to_string()).output()
    else {
        return false;
    };
    let command = String::from_utf8_lossy(&said.stdout);
    command.contains("postgres") && cluster.to_str().is_some_and(|cluster| command.contains(cluster))
}
