//! The people who sign in.

use uuid::Uuid;

use super::{Result, Store};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staff {
    pub id: Uuid,
    pub email: String,
    pub is_admin: bool,
    pub disabled: bool,
}

impl Store {
    /// Adds somebody. False if the e-mail address is taken.
    pub async fn add_staff(&self, id: Uuid, email: &str, password_hash: &str, is_admin: bool) -> Result<bool> {
        let added = sqlx::query!(
            r#"
            insert into staff (id, email, password_hash, is_admin) values ($1, $2, $3, $4)
            on conflict (email) do nothing
            "#,
            id,
            email,
            password_hash,
            is_admin,
        )
        .execute(&self.pool)
        .await?;
        Ok(added.rows_affected() == 1)
    }

    /// The person and the hash to check a password against; none if unknown or disabled.
    pub async fn staff_to_sign_in(&self, email: &str) -> Result<Option<(Uuid, String)>> {
        let row = sqlx::query!("select id, password_hash from staff where email = $1 and disabled_at is null", email)
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.map(|row| (row.id, row.password_hash)))
    }

    pub async fn staff(&self, id: Uuid) -> Result<Option<Staff>> {
        sqlx::query_as!(
            Staff,
            r#"select id, email, is_admin, disabled_at is not null as "disabled!" from staff where id = $1"#,
            id,
        )
        .fetch_optional(&self.pool)
        .await
    }

    pub async fn staff_by_email(&self, email: &str) -> Result<Option<Staff>> {
        sqlx::query_as!(
            Staff,
            r#"select id, email, is_admin, disabled_at is not null as "disabled!" from staff where email = $1"#,
            email,
        )
        .fetch_optional(&self.pool)
        .await
    }

    pub async fn all_staff(&self) -> Result<Vec<Staff>> {
        sqlx::query_as!(
            Staff,
            r#"select id, email, is_admin, disabled_at is not null as "disabled!" from staff order by email"#,
        )
        .fetch_all(&self.pool)
        .await
    }

    /// Sets a new password and ends all sessions of the person.
    pub async fn set_password(&self, id: Uuid, password_hash: &str) -> Result<()> {
        let mut transaction = self.begin("begin".to_owned()).await?;
        sqlx::query!("update staff set password_hash = $2 where id = $1", id, password_hash)
            .execute(&mut *transaction)
            .await?;
        sqlx::query!("delete from session where staff_id = $1", id).execute(&mut *transaction).await?;
        transaction.commit().await
    }

    /// Lets somebody in again, or keeps them out and ends all their sessions.
    pub async fn set_disabled(&self, id: Uuid, disabled: bool) -> Result<()> {
        let mut transaction = self.begin("begin".to_owned()).await?;
        sqlx::query!(
            "update staff set disabled_at = case when $2 then coalesce(disabled_at, now()) end where id = $1",
            id,
            disabled,
        )
        .execute(&mut *transaction)
        .await?;
        if disabled {
            sqlx::query!("delete from session where staff_id = $1", id).execute(&mut *transaction).await?;
        }
        transaction.commit().await
    }
}
