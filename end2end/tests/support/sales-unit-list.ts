import { type Locator, type Page, expect } from '@playwright/test';

/** The list of sales units, as somebody uses it: by typing when scripted, by sending the form when not. */
export class SalesUnitList {
  readonly form: Locator;
  readonly box: Locator;
  readonly results: Locator;
  /** The links by which rows are opened. */
  readonly rows: Locator;
  readonly count: Locator;
  readonly pages: Locator;

  constructor(
    private readonly page: Page,
    private readonly scripted: boolean,
  ) {
    this.form = page.locator('#filter');
    this.box = this.form.getByRole('searchbox');
    this.results = page.locator('#results');
    this.rows = this.results.locator('[data-row]');
    this.count = this.results.getByRole('status');
    this.pages = page.getByRole('navigation', { name: 'Pages' });
  }

  /** Types into the box, and presses Enter only where nothing happens by itself. */
  async search(text: string): Promise<void> {
    await this.box.clear();
    await this.box.pressSequentially(text);
    if (!this.scripted) await this.box.press('Enter');
    await this.expectQuery({ q: text });
  }

  /** Chooses from a facet by its name in the address. */
  async choose(facet: string, value: string): Promise<void> {
    const select = this.form.locator(`select[name="${facet}"]`);
    if (!(await select.isVisible())) await this.form.getByText('Filters').click();
    await select.selectOption(value);
    if (!this.scripted) await this.form.getByRole('button', { name: 'Find' }).click();
    await this.expectQuery({ [facet]: value });
  }

  chip(label: string): Locator {
    return this.results.getByRole('list', { name: 'Filters' }).getByRole('link', { name: label });
  }

  heading(label: string): Locator {
    return this.results.getByRole('columnheader', { name: label, exact: true });
  }

  /** What stands in a column, from top to bottom. */
  async column(label: string): Promise<string[]> {
    const headings = await this.results.getByRole('columnheader').allInnerTexts();
    const at = headings.findIndex(heading => heading.trim().toLowerCase() === label.toLowerCase());
    expect(at, `a column ${label} among ${headings}`).toBeGreaterThanOrEqual(0);
    const cells = this.results.locator(`tbody tr > :nth-child(${at + 1})`);
    return (await cells.allInnerTexts()).map(text => text.replaceAll('\u00a0', ' ').trim());
  }

  async names(): Promise<string[]> {
    return (await this.rows.allInnerTexts()).map(text => text.trim());
  }

  async msns(): Promise<string[]> {
    const addresses = await this.rows.evaluateAll(links => links.map(link => link.getAttribute('href') ?? ''));
    return addresses.map(address => /\/sales-units\/(\d+)/.exec(address)![1]);
  }

  /** How many match, and how many there are, by the sentence above the rows. */
  async counted(): Promise<{ matching: number; total: number }> {
    const numbers = (await this.count.innerText()).replaceAll('\u00a0', '').match(/\d+/g)!.map(Number);
    return { matching: numbers[0], total: numbers.at(-1)! };
  }

  async expectQuery(expected: Record<string, string>): Promise<void> {
    await expect(this.page).toHaveURL(({ searchParams }) =>
      Object.entries(expected).every(([name, value]) => searchParams.get(name) === value),
    );
  }
}
