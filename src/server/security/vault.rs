//! Secrets in HashiCorp Vault or OpenBao: version 2 of their key/value engine.
//!
//! `vault://MOUNT/PATH#FIELD` is the field of the secret at a path of a mount; without `#FIELD` it is
//! the field `value`, or the only one there is.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use secrecy::SecretString;
use secrecy::zeroize::{Zeroize, Zeroizing};
use serde_json::Value;
use vaultrs::client::{VaultClient, VaultClientSettingsBuilder};
use vaultrs::kv2;

use super::use_one_cryptography;

/// A vault that does not answer holds up whoever waits for a page.
const PATIENCE: Duration = Duration::from_secs(5);
const USUAL_FIELD: &str = "value";

/// Where the vault is, and how the portal is let in.
#[derive(Args, Clone, Debug, Default)]
pub struct VaultSettings {
    /// Address of a HashiCorp Vault or OpenBao, for references that begin with vault://
    #[arg(long, env = "VAULT_ADDR")]
    pub vault_addr: Option<String>,

    /// File with the token for the vault, read anew whenever it is used; else it is in VAULT_TOKEN
    #[arg(long, env = "VAULT_TOKEN_FILE")]
    pub vault_token_file: Option<PathBuf>,

    /// Namespace in the vault
    #[arg(long, env = "VAULT_NAMESPACE")]
    pub vault_namespace: Option<String>,
}

impl VaultSettings {
    /// Reads the secret behind `vault://`. Errors name the path, and nothing of what is there.
    pub async fn read(&self, place: &str) -> anyhow::Result<SecretString> {
        let (path, field) = place.split_once('#').map_or((place, None), |(path, field)| (path, Some(field)));
        let (mount, path) = path.split_once('/').context("a vault:// has a mount and a path")?;
        let client = self.client().await?;
        let mut found: HashMap<String, Value> = kv2::read(&client, mount, path).await.map_err(|error| match error {
            vaultrs::error::ClientError::APIError { code: 404, .. } => {
                anyhow::anyhow!("the vault has no secret {mount}/{path}")
            }
            vaultrs::error::ClientError::APIError { code, .. } => {
                anyhow::anyhow!("the vault refused to tell {mount}/{path}, with status {code}")
            }
            _ => anyhow::anyhow!("the vault gave no usable answer about {mount}/{path}"),
        })?;
        let only = if found.len() == 1 { found.keys().next().cloned() } else { None };
        let field = match (field, only) {
            (Some(field), _) => field.to_owned(),
            (None, _) if found.contains_key(USUAL_FIELD) => USUAL_FIELD.to_owned(),
            (None, Some(only)) => only,
            (None, None) => {
                bail!("the secret {mount}/{path} has several fields: say which, as vault://{mount}/{path}#FIELD")
            }
        };
        let wanted = found.remove(&field);
        for other in found.values_mut() {
            if let Value::String(text) = other {
                text.zeroize();
            }
        }
        match wanted {
            Some(Value::String(secret)) => Ok(SecretString::from(Zeroizing::new(secret).as_str())),
            _ => bail!("the secret {mount}/{path} has no text in its field {field}"),
        }
    }

    async fn client(&self) -> anyhow::Result<VaultClient> {
        use_one_cryptography();
        let address = self.vault_addr.as_deref().context("there is no vault: VAULT_ADDR says where one is")?;
        let mut settings = VaultClientSettingsBuilder::default();
        // Certificates are always looked at, whatever else the environment says.
        settings.address(address).verify(true).timeout(Some(PATIENCE)).namespace(self.vault_namespace.clone());
        match &self.vault_token_file {
            Some(file) => {
                let token = tokio::fs::read_to_string(file).await;
                let token =
                    Zeroizing::new(token.with_context(|| format!("the file {} cannot be read", file.display()))?);
                settings.token(token.trim());
            }
            None if std::env::var_os("VAULT_TOKEN").is_none() => {
                bail!("there is no token for the vault: VAULT_TOKEN_FILE or VAULT_TOKEN has it");
            }
            None => {}
        }
        let settings = settings.build().map_err(|_| anyhow::anyhow!("VAULT_ADDR is no address of a vault"))?;
        VaultClient::new(settings).map_err(|_| anyhow::anyhow!("the vault at VAULT_ADDR cannot be asked"))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::extract::{Path, State};
    use axum::http::{HeaderMap, StatusCode};
    use axum::routing::get;
    use axum::{Json, Router};
    use secrecy::ExposeSecret;
    use serde_json::json;

    use super::*;

    /// Answers as the key/value engine does.
    async fn vault(asked: Arc<AtomicUsize>) -> String {
        let read = async |State(asked): State<Arc<AtomicUsize>>, Path(path): Path<String>, headers: HeaderMap| {
            asked.fetch_add(1, Ordering::Relaxed);
            if headers.get("x-vault-token").is_none_or(|token| token != "s.portal") {
                return Err((StatusCode::FORBIDDEN, Json(json!({"errors": ["permission denied"]}))));
            }
            let secret = match path.as_str() {
                "org_helseapp/vipps_secret" => json!({"value": "hemmelig æøå"}),
                "only" => json!({"whatever": "one"}),
                "several" => json!({"client_secret": "a", "subscription_key": "b"}),
                _ => return Err((StatusCode::NOT_FOUND, Json(json!({"errors": []})))),
            };
            let metadata = json!({"created_time": "2026-01-01T00:00:00Z", "deletion_time": "", "custom_metadata": null, "destroyed": false, "version": 1});
            Ok(Json(
                json!({"request_id": "1", "lease_id": "", "renewable": false, "lease_duration": 0, "data": {"data": secret, "metadata": metadata}, "wrap_info": null, "warnings": null, "auth": null}),
            ))
        };
        let router = Router::new().route("/v1/orgs/data/{*path}", get(read)).with_state(asked);
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(axum::serve(listener, router).into_future());
        address
    }

    #[tokio::test]
    async fn a_secret_is_read_by_mount_path_and_field() {
        let asked = Arc::new(AtomicUsize::new(0));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, "s.portal\n").unwrap();
        let settings = VaultSettings {
            vault_addr: Some(vault(Arc::clone(&asked)).await),
            vault_token_file: Some(file.clone()),
            vault_namespace: None,
        };
        let read = async |place: &str| settings.read(place).await.map(|secret| secret.expose_secret().to_owned());
        assert_eq!(read("orgs/org_helseapp/vipps_secret").await.unwrap(), "hemmelig æøå");
        assert_eq!(read("orgs/only").await.unwrap(), "one");
        assert_eq!(read("orgs/several#subscription_key").await.unwrap(), "b");
        assert!(read("orgs/several").await.unwrap_err().to_string().contains("say which"));
        assert!(read("orgs/several#nothing").await.unwrap_err().to_string().contains("has no text in its field"));
        assert_eq!(read("orgs/nobody").await.unwrap_err().to_string(), "the vault has no secret orgs/nobody");
        // The token is read anew, so that it can be turned over.
        std::fs::write(&file, "s.other").unwrap();
        let refused = read("orgs/only").await.unwrap_err().to_string();
        assert_eq!(refused, "the vault refused to tell orgs/only, with status 403");
        let nowhere = VaultSettings { vault_addr: Some("http://127.0.0.1:1".to_owned()), ..settings.clone() };
        assert!(nowhere.read("orgs/only").await.unwrap_err().to_string().contains("no usable answer"));
        assert!(VaultSettings::default().read("orgs/only").await.unwrap_err().to_string().contains("VAULT_ADDR"));
        assert_eq!(asked.load(Ordering::Relaxed), 7);
    }
}
