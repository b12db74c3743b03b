package jobs

import (
	"slices"
	"strings"
	"unicode"
)

// The names that columns have in exports, by part, the clearest first, in the
// form that inWords gives them.
var (
	customerNames = strings.Fields(`customer_unique_id customer_id customerid client_id clientid user_id userid buyer_id member_id shopper_id account_id
		cust_id custid customer_no customer_nr customer_number customer_key customer_code customer client user member buyer
		kundennummer kundennr kunden_nr kunden_id kundenid kundennr kunde numero_client no_client id_client client_numero
		customer_email email e_mail mail buyer_email billing_email user_email email_address kunden_email adresse_email customer_phone`)
	customerWords = strings.Fields(`customer_id user_id client_id customer_no customer_number email kundennummer`)

	timeNames = strings.Fields(`occurred_at order_purchase_timestamp order_date orderdate ordered_at order_time order_created_at invoice_date invoicedate
		purchase_date purchased_at transaction_date transaction_time created_at created_utc created date_created order_timestamp processed_at paid_at
		payment_date sale_date sales_date timestamp datetime date_time event_time date time ts day
		bestelldatum auftragsdatum rechnungsdatum kaufdatum belegdatum buchungsdatum datum date_commande date_de_commande date_achat date_facture`)
	timeWords = strings.Fields(`order_date purchase_date created_at date timestamp datum`)

	orderNames = strings.Fields(`order_id orderid order_no order_nr order_number ordernumber order_name amazon_order_id order invoice invoice_no invoiceno invoice_id
		invoice_number transaction_id receipt_id receipt_no receipt basket_id ticket_id ticket_no checkout_id sale_id
		bestellnummer bestellnr bestell_nr bestell_id auftragsnummer auftragsnr rechnungsnummer rechnungsnr rechnungs_nr belegnummer belegnr bonnummer
		numero_commande no_commande id_commande commande numero_facture facture`)
	orderWords = strings.Fields(`order_id order_number invoice_number transaction_id`)

	amountNames = strings.Fields(`amount net_amount amount_net net_revenue revenue net_sales net_total total_net line_total line_amount line_revenue
		sales sales_amount order_total_amount order_total order_amount order_value total_amount total total_price total_sales grand_total
		transaction_amount payment_value payment_amount amount_paid paid_amount spend value dollar_value dollars gross_amount gross_sales subtotal
		nettobetrag betrag netto nettoumsatz umsatz summe gesamt gesamtbetrag gesamtsumme gesamtpreis rechnungsbetrag
		montant_ht montant total_ht montant_ttc total_ttc chiffre_d_affaires`)
	amountWords = strings.Fields(`amount revenue total betrag umsatz montant sales`)
	// Amounts of something else than what a customer pays for goods.
	notAmount = strings.Fields(`tax taxes vat discount refund refunded shipping freight fee fees converted count quantity qty items tip tips duties cost outstanding
		steuer rabatt versand erstattung tva remise id date status currency`)

	quantityNames = strings.Fields(`quantity qty units quantity_ordered quantity_purchased item_quantity lineitem_quantity order_quantity pieces menge anzahl stueck stueckzahl quantite qte`)
	priceNames    = strings.Fields(`unit_price unitprice price_per_unit price_each lineitem_price item_price price sale_price unit_amount einzelpreis stueckpreis preis prix_unitaire prix`)
	freightNames  = strings.Fields(`freight_value freight freight_amount shipping_price shipping_amount shipping versandkosten frais_de_port`)
	refundNames   = strings.Fields(`refunded_amount amount_refunded refund_amount order_refund_amount total_refunded refunds refunded erstattung erstattungsbetrag remboursement`)
	taxNames      = strings.Fields(`taxes tax tax_amount total_tax order_total_tax vat vat_amount mwst ust umsatzsteuer steuer tva`)
	costNames     = strings.Fields(`cost cogs cost_of_goods cost_of_goods_sold cost_amount total_cost line_cost wareneinsatz`)
	currencyNames = strings.Fields(`currency currency_code order_currency transaction_currency waehrung devise`)
	placeNames    = strings.Fields(`country country_code shipping_country billing_country customer_country ship_country land pays customer_state region
		channel sales_channel kanal source_name source marketing_channel utm_source store shop segment customer_segment`)
	statusNames = strings.Fields(`status order_status financial_status payment_status bestellstatus statut`)
)

// inWords returns a column's name in small letters with underscores between
// its words: "Customer ID", "CustomerID" and "customer-id" are customer_id,
// "Währung" is waehrung.
func inWords(name string) string {
	var b strings.Builder
	previous := ' '
	for _, r := range name {
		switch {
		case unicode.IsUpper(r) && (unicode.IsLower(previous) || unicode.IsDigit(previous)):
			b.WriteByte('_')
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			r = '_'
		}
		b.WriteRune(unicode.ToLower(r))
		previous = r
	}
	text := inASCII.Replace(b.String())
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == '_' }), "_")
}

var inASCII = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "é", "e", "è", "e", "ê", "e", "à", "a", "ç", "c", "ô", "o", "î", "i", "û", "u")

// rank says how well a column's name says that it plays a part: the place in
// the list of names, or after all of them if it has one of the words; -1 if it
// says nothing.
func rank(c *sample, names, words []string) int {
	if i := slices.Index(names, c.words); i >= 0 {
		return i
	}
	for i, word := range words {
		if strings.Contains("_"+c.words+"_", "_"+word+"_") {
			return len(names) + i
		}
	}
	return -1
}

// named returns the columns whose names and values fit a part, the best first.
func named(columns []*sample, names, words []string, fits func(*sample) bool) []*sample {
	var found []*sample
	for _, c := range columns {
		if rank(c, names, words) >= 0 && fits(c) {
			found = append(found, c)
		}
	}
	slices.SortStableFunc(found, func(a, b *sample) int { return rank(a, names, words) - rank(b, names, words) })
	return found
}
