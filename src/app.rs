//! The document around every page, and which address is which page.

use axum::http::request::Parts;
use leptos::either::EitherOf3;
use leptos::prelude::*;
use leptos_meta::{MetaTags, provide_meta_context};
use leptos_router::components::{Route, Router, Routes};
use leptos_router::{SsrMode, path};

use crate::pages;
use crate::pages::agreement::AgreementPage;
use crate::pages::agreement_change::AgreementChangePage;
use crate::pages::agreements::AgreementsPage;
use crate::pages::api_docs::ApiDocsPage;
use crate::pages::api_quality::ApiQualityPage;
use crate::pages::api_tokens::{ApiTokensPage, OwnTokensPage};
use crate::pages::businesses::BusinessesPage;
use crate::pages::charge::ChargePage;
use crate::pages::failed_charges::FailedChargesPage;
use crate::pages::landing::LandingPage;
use crate::pages::login::LoginPage;
use crate::pages::member::MemberPage;
use crate::pages::members::MembersPage;
use crate::pages::merchant::MerchantPage;
use crate::pages::merchants::MerchantsPage;
use crate::pages::new_agreement::NewAgreementPage;
use crate::pages::new_charge::NewChargePage;
use crate::pages::new_product_order::NewProductOrderPage;
use crate::pages::new_webhook::NewWebhookPage;
use crate::pages::not_found::NotFoundPage;
use crate::pages::price_packages::PricePackagesPage;
use crate::pages::product_order::ProductOrderPage;
use crate::pages::product_orders::ProductOrdersPage;
use crate::pages::profile::{self, ProfilePage};
use crate::pages::public_form::{PublicFormPage, PublicOrderPage};
use crate::pages::registry::RegistryPage;
use crate::pages::registry::form::{EditOrganisationPage, NewOrganisationPage};
use crate::pages::registry::organisation::OrganisationPage;
use crate::pages::sales_unit::SalesUnitPage;
use crate::pages::sales_unit_change::SalesUnitChangePage;
use crate::pages::sales_units::SalesUnitsPage;
use crate::pages::settings::SettingsPage;
use crate::pages::template::{NewTemplatePage, TemplatePage};
use crate::pages::templates::TemplatesPage;
use crate::pages::unanswered::UnansweredPage;
use crate::pages::webhook::WebhookPage;
use crate::pages::webhook_coverage::WebhookCoveragePage;
use crate::pages::webhooks::WebhooksPage;
use crate::paths;

pub fn shell(options: LeptosOptions) -> impl IntoView {
    let parts = use_context::<Parts>();
    let path = parts.as_ref().map(|parts| parts.uri.path()).unwrap_or_default();
    // Lists are to come quickly, and only one page has charts.
    let mut sheets = vec![options.output_name.as_ref()];
    sheets.extend((!paths::is_list(path)).then_some("apart"));
    sheets.extend(paths::is_api_quality(path).then_some("quality"));
    let sheets = sheets.into_iter().map(|sheet| format!("/{}/{sheet}.css", options.site_pkg_dir));
    let sheets = sheets.map(|sheet| view! { <link rel="stylesheet" href=sheet/> }).collect_view();
    let headers = parts.map(|parts| parts.headers).unwrap_or_default();
    let (theme, keys) = (profile::chosen_theme(&headers), profile::chosen_keys(&headers));
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme data-keys=keys>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                {sheets}
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <HydrationScripts options islands=true/>
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

/// Pages are rendered whole before they are sent: they read the portal's copy, so there is
/// nothing to wait for, and status and headers can still depend on what was found.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    if let Some(unanswered) = pages::unanswered() {
        return EitherOf3::A(view! { <UnansweredPage unanswered/> });
    }
    if let Some(description) = pages::api_description() {
        return EitherOf3::B(view! { <ApiDocsPage description/> });
    }
    EitherOf3::C(view! {
        <Router>
            <Routes fallback=NotFoundPage>
                <Route path=path!("/login") view=LoginPage ssr=SsrMode::Async/>
                <Route path=path!("/businesses") view=BusinessesPage ssr=SsrMode::Async/>
                <Route path=path!("/profile") view=ProfilePage ssr=SsrMode::Async/>
                <Route path=path!("/profile/tokens") view=OwnTokensPage ssr=SsrMode::Async/>
                <Route path=path!("/admin/organisations") view=RegistryPage ssr=SsrMode::Async/>
                <Route path=path!("/admin/organisations/new") view=NewOrganisationPage ssr=SsrMode::Async/>
                <Route path=path!("/admin/organisations/:org") view=OrganisationPage ssr=SsrMode::Async/>
                <Route path=path!("/admin/organisations/:org/edit") view=EditOrganisationPage ssr=SsrMode::Async/>
                <Route path=path!("/as/:org") view=LandingPage ssr=SsrMode::Async/>
                <Route path=path!("/as/:org/price-packages") view=PricePackagesPage ssr=SsrMode::Async/>
                <Route path=path!("/as/:org/members") view=MembersPage ssr=SsrMode::Async/>
                <Route path=path!("/as/:org/members/:person") view=MemberPage ssr=SsrMode::Async/>
                <Route path=path!("/as/:org/product-orders") view=ProductOrdersPage ssr=SsrMode::Async/>
                <Route path=path!("/as/:org/product-orders/new") view=NewProductOrderPage ssr=SsrMode::Async/>
                <Route path=path!("/as/:org/product-orders/:id") view=ProductOrderPage ssr=SsrMode::Async/>
                <Route path=path!("/as/:org/templates") view=TemplatesPage ssr=SsrMode::Async/>
                <Route path=path!("/as/:org/templates/new") view=NewTemplatePage ssr=SsrMode::Async/>
                <Route path=path!("/as/:org/templates/:id") view=TemplatePage ssr=SsrMode::Async/>
                <Route path=path!("/t/:code") view=PublicFormPage ssr=SsrMode::Async/>
                <Route path=path!("/t/:code/orders/:key") view=PublicOrderPage ssr=SsrMode::Async/>
                <Route path=path!("/as/:org/sales-units") view=SalesUnitsPage ssr=SsrMode::Async/>
                <Route path=path!("/as/:org/sales-units/:msn") view=SalesUnitPage ssr=SsrMode::Async/>
                <Route path=path!("/as/:org/sales-units/:msn/change") view=SalesUnitChangePage ssr=SsrMode::Async/>
                <Route path=path!("/as/:org/settings") view=SettingsPage ssr=SsrMode::Async/>
                <Route path=path!("/as/:org/api-quality") view=ApiQualityPage ssr=SsrMode::Async/>
                <Route path=path!("/as/:org/api-tokens") view=ApiTokensPage ssr=SsrMode::Async/>
                <Route path=path!("/as/:org/merchants") view=MerchantsPage ssr=SsrMode::Async/>
                <Route path=path!("/as/:org/merchants/:scheme/:id") view=MerchantPage ssr=SsrMode::Async/>
                <Route path=path!("/as/:org/agreements") view=AgreementsPage ssr=SsrMode::Async/>
                <Route path=path!("/as/:org/agreements/new") view=NewAgreementPage ssr=SsrMode::Async/>
                <Route path=path!("/as/:org/agreements/:id") view=AgreementPage ssr=SsrMode::Async/>
                <Route path=path!("/as/:org/agreements/:id/charges/new") view=NewChargePage ssr=SsrMode::Async/>
                <Route path=path!("/as/:org/agreements/:id/charges/:charge") view=ChargePage ssr=SsrMode::Async/>
                <Route path=path!("/as/:org/agreement-changes/:key") view=AgreementChangePage ssr=SsrMode::Async/>
                <Route path=path!("/as/:org/failed-charges") view=FailedChargesPage ssr=SsrMode::Async/>
                <Route path=path!("/as/:org/webhooks") view=WebhooksPage ssr=SsrMode::Async/>
                <Route path=path!("/as/:org/webhooks/new") view=NewWebhookPage ssr=SsrMode::Async/>
                <Route path=path!("/as/:org/webhooks/coverage") view=WebhookCoveragePage ssr=SsrMode::Async/>
                <Route path=path!("/as/:org/webhooks/:id") view=WebhookPage ssr=SsrMode::Async/>
            </Routes>
        </Router>
    })
}
