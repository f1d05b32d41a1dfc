export function Logo() {
  return (
    <svg width="24" height="24" viewBox="0 0 24 24" aria-hidden>
      <rect width="24" height="24" rx="6" fill="#4f56c9" />
      <path d="M5.500 16.500v-9l4.200 5.400 4.200-5.400v9" fill="none" stroke="#fff" strokeWidth="2" strokeLinecap="round" strokeLinejoin="round" />
      <path d="M17 16.500h2.200" stroke="#9fe3c8" strokeWidth="2.400" strokeLinecap="round" />
    </svg>
  );
}
