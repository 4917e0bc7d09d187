/** Text as it is compared when people search: without case, accents, spaces and punctuation. */
export function fold(text: string): string {
  const letters = text.toLowerCase().replaceAll('æ', 'ae').replaceAll('ø', 'o').normalize('NFD');
  return letters.replace(/[^\p{L}\p{N}]/gu, '').replace(/a+/g, 'a');
}
